/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heloscope serve: the practice world over TCP, for other programs and for a class. Loopback unless
 * --allow-remote says otherwise; ends cleanly on TERM and INT. Leaves the talk to src/practice. */
#include "heloscope/fault.h"
#include "heloscope/loop.h"
#include "heloscope/practice.h"
#include "heloscope/lesson.h"
#include "mode/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CLIENTS 256
#define CLASS_IDLE_MS 1800000 /* students read, listen and ask */
#define SPARE_FILES 32 /* listeners, the loop's pipe, the Maildir, standard input and output */

/* A descriptor for each client and some: raises the soft limit where the hard one allows it.
 * Returns how many clients fit. */
static unsigned files_for(unsigned clients)
{
    struct rlimit r;
    rlim_t want = (rlim_t)clients + SPARE_FILES;
    if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= want)
        return clients;
    r.rlim_cur = r.rlim_max == RLIM_INFINITY || r.rlim_max >= want ? want : r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= want)
        return clients;
    return r.rlim_cur > SPARE_FILES + 1 ? (unsigned)(r.rlim_cur - SPARE_FILES) : 1;
}

static bool write_ca(struct world *w, const char *path, char *why, size_t size)
{
    struct buf pem;
    const struct tls_identity *id = world_identity(w);
    buf_init(&pem, 65536);
    bool ok = id && tls_identity_ca_pem(id, &pem);
    if (!ok) {
        snprintf(why, size, "%s: no practice CA could be made", path);
        buf_clear(&pem);
        return false;
    }
    FILE *f = fopen(path, "we");
    ok = f && fwrite(pem.p, 1, pem.len, f) == pem.len;
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok)
        snprintf(why, size, "%s: cannot be written: %s", path, strerror(errno));
    buf_clear(&pem);
    return ok;
}

static void on_signal(void *arg, int signo)
{
    (void)signo;
    loop_stop(arg);
}

static void announce(FILE *to, struct world *w, const struct door *doors, const struct args *a)
{
    char at[300];
    const char *trust = a->ca ? a->ca : "";
    for (int i = 0; i < DOORS; i++)
        if (doors[i].address) {
            door_place(&doors[i], at, sizeof at);
            fprintf(to, "%-11s on %s\n", doors[i].proto, at);
        }
    fprintf(to, "\nAccounts (this is practice, so the passwords are told):\n");
    for (const struct account_row *r = world_accounts(); r->address; r++)
        fprintf(to, "  %-30s %-14s %s\n", r->address, *r->password ? r->password : "-", r->note);
    fprintf(to, "OAuth 2 tokens: token-student, token-teacher; expired-student has run out.\n");
    if (a->maildir) {
        fprintf(to, "\nThe mail is kept in %s.\n", a->maildir);
        if (world_left_out(w))
            fprintf(to,
                    "%zu files there were left out: unreadable, too big, or no room for them.\n",
                    world_left_out(w));
    }
    if (a->ca)
        fprintf(to, "\nThe practice CA is in %s; it holds for a day, or until this program ends.\n",
                a->ca);
    fprintf(to, "\nTry:\n");
    for (int i = 0; i < DOORS; i++) {
        if (!doors[i].address)
            continue;
        door_place(&doors[i], at, sizeof at);
        if (strcmp(doors[i].proto, "smtp") == 0)
            fprintf(to,
                    "  swaks --server %s --from me@home.example --to student@" PRACTICE_HOST "\n",
                    at);
        if (strcmp(doors[i].proto, "submission") == 0)
            fprintf(to,
                    "  curl --ssl-reqd %s%s --user teacher:green-pencil --mail-from "
                    "teacher@" PRACTICE_HOST " --mail-rcpt student@" PRACTICE_HOST
                    " --upload-file letter.eml smtp://%s/\n",
                    a->ca ? "--cacert " : "--insecure", trust, at);
        if (strcmp(doors[i].proto, "pop3") == 0)
            fprintf(to, "  curl --user student:apple-pie pop3://%s/1\n", at);
        if (strncmp(doors[i].proto, "smtp", 4) == 0 || strcmp(doors[i].proto, "pop3") == 0)
            fprintf(to, "  openssl s_client -quiet -crlf -starttls %s -connect %s\n",
                    doors[i].proto, at);
    }
    fflush(to);
}

static int complain(enum fault f, const char *why)
{
    mode_complain("%s", why);
    return fault_status(f);
}

static enum fault open_doors(struct world *w, struct door *doors, char *why, size_t size)
{
    bool any = false;
    for (int i = 0; i < DOORS; i++) {
        if (!doors[i].address)
            continue;
        any = true;
        errno = 0;
        if (!world_listen(w, doors[i].proto, doors[i].address, &doors[i].port, why, size))
            return errno == EINVAL || errno == EPERM ? FAULT_USAGE : FAULT_NETWORK;
    }
    if (!any) {
        snprintf(why, size,
                 "serve: nothing to serve; say for example --listen 127.0.0.1, or --smtp "
                 "127.0.0.1:2525");
        return FAULT_USAGE;
    }
    return FAULT_NONE;
}

static enum fault fits_class(const struct args *a, char *why, size_t size)
{
    if (a->lesson && a->maildir) {
        snprintf(why, size,
                 "--maildir does not go with --lesson: each student has a mail world "
                 "of his own, in memory");
        return FAULT_USAGE;
    }
    if (!a->lesson && (a->json || a->by_name)) {
        snprintf(why, size, "--%s goes with --lesson only; 'heloscope lessons' lists the lessons",
                 a->json ? "json" : "by-name");
        return FAULT_USAGE;
    }
    return FAULT_NONE;
}

/* What the lesson wants, and what the command line adds to it. NULL: why. */
static struct world *make_world(struct loop *l, const struct world_options *o,
                                const struct lesson *lesson, char *why, size_t size)
{
    struct world *w = world_new(l, o, why, size);
    bool ok = w != NULL;
    if (ok && lesson)
        ok = lesson_world(lesson, w, why, size) &&
             (!o->faults || world_fault(w, o->faults, why, size)) &&
             (!o->zone || world_dns(w, o->zone, NULL, why, size));
    if (ok)
        return w;
    world_free(w);
    return NULL;
}

static void warn(const struct args *a, const struct door *doors, unsigned room, unsigned want)
{
    if (room < want)
        mode_complain("the limit of open files (ulimit -n) allows %u clients at once, not %u", room,
                      want);
    for (int i = 0; i < DOORS; i++)
        if (doors[i].address && a->allow_remote && !world_is_local(doors[i].address))
            mode_complain("WARNING: %s can be reached by other machines, the passwords are public, "
                          "and what they send is kept here",
                          doors[i].address);
}

/* Until a signal comes. */
static void serve(struct loop *l, struct world *w, const struct args *a, const struct door *doors,
                  const struct lesson *lesson, unsigned students)
{
    announce(a->json ? stderr : stdout, w, doors, a);
    struct roster *r = NULL;
    if (lesson) {
        r = roster_begin(l, w, lesson, doors, a, students);
    } else {
        printf("\nC-c or a TERM signal ends it.\n");
        fflush(stdout);
    }
    loop_run(l);
    roster_end(r);
    if (!lesson)
        printf("Ended; %u clients were there.\n", world_clients(w));
    world_shutdown(w);
}

int mode_serve(const struct args *a)
{
    struct door doors[DOORS] = {
        {.proto = "smtp", .address = a->smtp},
        {.proto = "submission", .address = a->submission},
        {.proto = "submissions", .address = a->submissions},
        {.proto = "lmtp", .address = a->lmtp},
        {.proto = "pop3", .address = a->pop3},
        {.proto = "pop3s", .address = a->pop3s},
    };
    char why[700];
    bool remote = false;
    struct lesson *lesson = a->lesson ? class_lesson(a->lesson, why, sizeof why) : NULL;
    if (a->lesson && !lesson)
        return complain(FAULT_FILE, why);
    enum fault f = fits_class(a, why, sizeof why);
    if (f == FAULT_NONE && (!doors_listen(a, lesson, doors, why, sizeof why) ||
                            !doors_ask(a, doors, &remote, why, sizeof why)))
        f = FAULT_USAGE;
    if (f != FAULT_NONE) {
        lesson_free(lesson);
        return complain(f, why);
    }
    unsigned students = a->clients && a->clients < 10000 ? (unsigned)a->clients
                        : a->clients                     ? 10000
                                                         : CLIENTS;
    unsigned want = lesson ? 2 * students : students; /* SMTP and POP3 at once */
    unsigned room = files_for(want);
    struct world_options o = {
        .maildir = a->maildir,
        .zone = a->zone,
        .max_clients = room,
        .allow_remote = a->allow_remote || remote,
        .message_max = (a->megabytes ? a->megabytes < 1000 ? a->megabytes : 1000
                        : lesson     ? 1
                                     : 0)
                       << 20,
        .faults = a->fault,
        .idle_ms = a->idle > 0 && a->idle <= 86400 ? (unsigned)a->idle * 1000
                   : lesson                        ? CLASS_IDLE_MS
                                                   : 0,
    };
    struct loop *l = loop_new();
    if (!l) {
        lesson_free(lesson);
        return complain(FAULT_MEMORY, "no pipe can be made: too many files are open");
    }
    /* Before the ports are open: whoever sees them may send the signal. */
    loop_signal(l, SIGTERM, on_signal, l);
    loop_signal(l, SIGINT, on_signal, l);
    struct world *w = make_world(l, &o, lesson, why, sizeof why);
    f = w ? open_doors(w, doors, why, sizeof why) : FAULT_FILE;
    if (f == FAULT_NONE && a->ca && !write_ca(w, a->ca, why, sizeof why))
        f = FAULT_FILE;
    if (f == FAULT_NONE) {
        warn(a, doors, room, want);
        serve(l, w, a, doors, lesson, students);
    }
    world_free(w);
    loop_free(l);
    lesson_free(lesson);
    return f == FAULT_NONE ? 0 : complain(f, why);
}
