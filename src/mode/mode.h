/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The modes of the program, one file each, and the command line that picks one of them. */
#ifndef HELOSCOPE_MODE_H
#define HELOSCOPE_MODE_H

#include "heloscope/fault.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum mode {
#define MODE(id, word, operands, least, most, does) MODE_##id,
#include "mode/options.def"
    MODES
};
enum {
#define MODE(id, word, operands, least, most, does) IN_##id = 1 << MODE_##id,
#include "mode/options.def"
    IN_ALL = (1 << MODES) - 1
};

/* An option that may be said more than once. */
#define WORDS_MAX 64
struct words {
    const char *v[WORDS_MAX];
    size_t n;
};

#define OPTION_FLAG bool
#define OPTION_TEXT const char *
#define OPTION_MAYBE const char *
#define OPTION_SECONDS long
#define OPTION_COUNT unsigned long
#define OPTION_LIST struct words

/* What the command line said; the strings are argv's. One field for each row of options.def. */
struct args {
    enum mode mode;
    char **operands; /* NULL-ended */
    int noperands;
#define OPTION(field, kind, letter, longname, arg, modes, help) OPTION_##kind field;
#include "mode/options.def"
};

/* One line on standard error, "heloscope: ...". What it quotes (an option's value, a file's name)
 * may hold anything: it is made harmless to a terminal, and stays one line. */
void mode_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Standard output could not be written, for this reason (an errno; 0: not known). Says so, but not
 * where a pipe's reader has seen enough and left (`| head`): that is nobody's fault. Returns the
 * exit status. */
int mode_unwritten(int error);

/* Reads the command line. False: why (size bytes) holds one clear line, for exit status 2. */
bool args_parse(struct args *a, int argc, char **argv, char *why, size_t size);
/* What --help prints: of one mode, or of all where the mode was not named. */
void args_help(FILE *to, enum mode m);
/* The manual page, as roff (man macros). */
void man_print(FILE *to);

struct tls_trust;
/* What the options say about TLS; the strings are argv's. Anything but FAULT_NONE: why holds one
 * clear line. The files are looked at only with check. */
enum fault mode_trust(const struct args *a, bool check, struct tls_trust *out, char *why,
                      size_t size);

struct conn_options;
struct route;
/* What the options say about the way to the server: *way (route_clear() later), which o->route
 * points to then, and o->name_servers. */
enum fault mode_route(const struct args *a, struct route *way, struct conn_options *o, char *why,
                      size_t size);

/* --fault. True: it was a question or a mistake, was answered, and *status is the exit status. */
bool mode_faults(const struct args *a, int *status);
struct login_options;
/* The same about logging in: no secret is read yet. */
enum fault mode_login(const struct args *a, struct login_options *out, char *why, size_t size);
/* What stands behind ":auth", "[MECHANISM] [USER]": a first word that is a mechanism's name is one.
 * What is not said is what the options say, or "". */
struct auth_words {
    char mechanism[24], user[256];
};
void mode_auth_words(const struct login_options *o, const char *text, struct auth_words *out);

struct mtasts;
/* Reads the policy that --mta-sts names. NULL in *use where the option was not given. */
enum fault mode_policy(const struct args *a, struct mtasts *out, const struct mtasts **use,
                       char *why, size_t size);

/* Each mode returns the exit status (enum fault through fault_status()). */
int mode_workbench(const struct args *a);
int mode_plain(const struct args *a);
int mode_explain(const struct args *a);
int mode_run(const struct args *a);
int mode_send(const struct args *a);
int mode_probe(const struct args *a);
int mode_serve(const struct args *a);
int mode_themes(const struct args *a);
int mode_tls(const struct args *a);
int mode_verify(const struct args *a);
int mode_lessons(const struct args *a);

#endif
