/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heloscope serve: the practice world over TCP, for other programs and for a class. Loopback unless
 * --allow-remote says otherwise; ends cleanly on TERM and INT. Leaves the talk to src/practice. */
#include "heloscope/fault.h"
#include "heloscope/loop.h"
#include "heloscope/practice.h"
#include "mode/mode.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CLIENTS 256
#define SPARE_FILES 32 /* listeners, the loop's pipe, the Maildir, standard input and output */

/* A service of the command line. */
struct door {
    const char *proto, *address;
    unsigned short port;
};

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

/* "127.0.0.1:2525", with the port that was really taken where 0 was asked for. */
static void place(const struct door *d, char *out, size_t size)
{
    snprintf(out, size, "%.*s:%u", (int)(strrchr(d->address, ':') - d->address), d->address,
             d->port);
}

static void announce(struct world *w, const struct door *doors, size_t n, const struct args *a)
{
    char at[300];
    const char *trust = a->ca ? a->ca : "";
    for (size_t i = 0; i < n; i++)
        if (doors[i].address) {
            place(&doors[i], at, sizeof at);
            printf("%-11s on %s\n", doors[i].proto, at);
        }
    printf("\nAccounts (this is practice, so the passwords are told):\n");
    for (const struct account_row *r = world_accounts(); r->address; r++)
        printf("  %-30s %-14s %s\n", r->address, *r->password ? r->password : "-", r->note);
    printf("OAuth 2 tokens: token-student, token-teacher; expired-student has run out.\n");
    if (a->maildir) {
        printf("\nThe mail is kept in %s.\n", a->maildir);
        if (world_left_out(w))
            printf("%zu files there were left out: unreadable, too big, or no room for them.\n",
                   world_left_out(w));
    }
    if (a->ca)
        printf("\nThe practice CA is in %s; it holds for a day, or until this program ends.\n",
               a->ca);
    printf("\nTry:\n");
    for (size_t i = 0; i < n; i++) {
        if (!doors[i].address)
            continue;
        place(&doors[i], at, sizeof at);
        if (strcmp(doors[i].proto, "smtp") == 0)
            printf("  swaks --server %s --from me@home.example --to student@" PRACTICE_HOST "\n",
                   at);
        if (strcmp(doors[i].proto, "submission") == 0)
            printf("  curl --ssl-reqd %s%s --user teacher:green-pencil --mail-from "
                   "teacher@" PRACTICE_HOST " --mail-rcpt student@" PRACTICE_HOST
                   " --upload-file letter.eml smtp://%s/\n",
                   a->ca ? "--cacert " : "--insecure", trust, at);
        if (strcmp(doors[i].proto, "pop3") == 0)
            printf("  curl --user student:apple-pie pop3://%s/1\n", at);
        if (strncmp(doors[i].proto, "smtp", 4) == 0 || strcmp(doors[i].proto, "pop3") == 0)
            printf("  openssl s_client -quiet -crlf -starttls %s -connect %s\n", doors[i].proto,
                   at);
    }
    printf("\nC-c or a TERM signal ends it.\n");
    fflush(stdout);
}

static int complain(enum fault f, const char *why)
{
    fprintf(stderr, "heloscope: %s\n", why);
    return fault_status(f);
}

static enum fault open_doors(struct world *w, struct door *doors, size_t n, char *why, size_t size)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (!doors[i].address)
            continue;
        any = true;
        errno = 0;
        if (!world_listen(w, doors[i].proto, doors[i].address, &doors[i].port, why, size))
            return errno == EINVAL || errno == EPERM ? FAULT_USAGE : FAULT_NETWORK;
    }
    if (!any) {
        snprintf(
            why, size,
            "serve: nothing to serve; say for example --smtp 127.0.0.1:2525 --pop3 127.0.0.1:2110");
        return FAULT_USAGE;
    }
    return FAULT_NONE;
}

int mode_serve(const struct args *a)
{
    struct door doors[] = {
        {"smtp", a->smtp, 0},
        {"submission", a->submission, 0},
        {"submissions", a->submissions, 0},
        {"lmtp", a->lmtp, 0},
        {"pop3", a->pop3, 0},
        {"pop3s", a->pop3s, 0},
    };
    const size_t n = sizeof doors / sizeof *doors;
    char why[512];
    unsigned want = a->clients && a->clients < 10000 ? (unsigned)a->clients
                    : a->clients                     ? 10000
                                                     : CLIENTS;
    struct world_options o = {
        .maildir = a->maildir,
        .zone = a->zone,
        .max_clients = files_for(want),
        .allow_remote = a->allow_remote,
        .message_max = (a->megabytes < 1000 ? a->megabytes : 1000) << 20,
        .faults = a->fault,
        .idle_ms = a->idle > 0 && a->idle <= 86400 ? (unsigned)a->idle * 1000 : 0,
    };
    struct loop *l = loop_new();
    if (!l)
        return complain(FAULT_MEMORY, "no pipe can be made: too many files are open");
    /* Before the ports are open: whoever sees them may send the signal. */
    loop_signal(l, SIGTERM, on_signal, l);
    loop_signal(l, SIGINT, on_signal, l);
    struct world *w = world_new(l, &o, why, sizeof why);
    enum fault f = w ? open_doors(w, doors, n, why, sizeof why) : FAULT_FILE;
    if (f == FAULT_NONE && a->ca && !write_ca(w, a->ca, why, sizeof why))
        f = FAULT_FILE;
    if (f == FAULT_NONE) {
        if (o.max_clients < want)
            fprintf(stderr,
                    "heloscope: the limit of open files (ulimit -n) allows %u clients at once, not "
                    "%u\n",
                    o.max_clients, want);
        for (size_t i = 0; i < n; i++)
            if (doors[i].address && a->allow_remote && !world_is_local(doors[i].address))
                fprintf(stderr,
                        "heloscope: WARNING: %s can be reached by other machines, the passwords "
                        "are public, and "
                        "what they send is kept here\n",
                        doors[i].address);
        announce(w, doors, n, a);
        loop_run(l);
        printf("Ended; %u clients were there.\n", world_clients(w));
        world_shutdown(w);
    }
    world_free(w);
    loop_free(l);
    return f == FAULT_NONE ? 0 : complain(f, why);
}
