/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * starttls.c: one process that connects, says EHLO, STARTTLS, EHLO and QUIT, and one that has TLS
 * from the first octet: heloscope (a script, and the line mode) and curl in turns, with the
 * certificate verified by the system's store, by the same CA file and not at all; openssl s_client
 * for the handshake alone. The server is `heloscope serve`.
 */
#include "bench.h"

#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 61

static char dir[] = "/tmp/helo-bench-XXXXXX";
static char ca[64], script[64], implicit[64];

/* Starts the server; its ports, from what it says. */
static pid_t serve(int *smtp, int *smtps)
{
    int out[2];
    char line[300];
    if (pipe(out))
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        execl(bench_heloscope(), "heloscope", "serve", "--smtp", "127.0.0.1:0", "--submissions",
              "127.0.0.1:0", "--ca", ca, (char *)NULL);
        _exit(1);
    }
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    *smtp = *smtps = 0;
    while (f && fgets(line, sizeof line, f) && strncmp(line, "C-c", 3) != 0) {
        char *colon = strrchr(line, ':');
        int port = colon ? atoi(colon + 1) : 0;
        if (strncmp(line, "submissions", 11) == 0)
            *smtps = port;
        else if (strncmp(line, "smtp", 4) == 0)
            *smtp = port;
    }
    return pid; /* the pipe stays open: it may say more */
}

static void text(const char *path, const char *words)
{
    FILE *f = fopen(path, "w");
    if (!f || fputs(words, f) < 0 || fclose(f) != 0)
        exit(1);
}

/* The CA under the name that a hashed directory gives it: dir is one then. */
static char hash_path[96];
static bool hashed(void)
{
    FILE *f = fopen(ca, "r");
    X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    if (!x)
        return false;
    snprintf(hash_path, sizeof hash_path, "%s/%08lx.0", dir, X509_subject_name_hash(x));
    X509_free(x);
    return link(ca, hash_path) == 0;
}

struct rival {
    const char *who;
    const char *argv[16];
    const char *input;
    struct values us, cpu;
};

/* What all children so far have used, in microseconds. */
static int64_t children(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

static void race(const char *what, struct rival *r, int n, double aim)
{
    for (int i = 0; i < TURNS; i++)
        for (int k = 0; k < n; k++) {
            int64_t before = children();
            double ms = r[k].argv[0] ? bench_run(r[k].argv, r[k].input, NULL) : -1;
            if (ms < 0)
                continue;
            values_add(&r[k].us, (int64_t)(ms * 1000));
            values_add(&r[k].cpu, children() - before);
        }
    for (int k = 0; k < n; k++)
        if (r[k].us.n)
            bench_row(what, r[k].who, "%6.2f ms (p95 %.2f), CPU %.2f",
                      (double)values_at(&r[k].us, 50) / 1000,
                      (double)values_at(&r[k].us, 95) / 1000,
                      (double)values_at(&r[k].cpu, 50) / 1000);
        else if (r[k].argv[0])
            bench_row(what, r[k].who, "failed");
    if (r[0].us.n && r[n - 1].us.n) {
        double ratio = (double)values_at(&r[0].us, 50) / (double)values_at(&r[n - 1].us, 50);
        double cpu = (double)values_at(&r[0].cpu, 50) / (double)values_at(&r[n - 1].cpu, 50);
        bench_aim(ratio <= aim, "%s: %.2f x curl (<= %.2f), %.2f by CPU time", what, ratio, aim,
                  cpu);
    }
}

int main(void)
{
    char clear[64], tls[64], curl_clear[96], curl_tls[96], s_client[64];
    int smtp = 0, smtps = 0;
    bool curl = bench_has("curl"), openssl = bench_has("openssl");
    if (!mkdtemp(dir))
        return 1;
    snprintf(ca, sizeof ca, "%s/ca.pem", dir);
    snprintf(script, sizeof script, "%s/starttls.helo", dir);
    snprintf(implicit, sizeof implicit, "%s/tls.helo", dir);
    text(script,
         "expect 220\nEHLO me.example\nexpect 250\ntls\nEHLO me.example\nexpect 250\nquit\n");
    text(implicit, "expect 220\nEHLO me.example\nexpect 250\nquit\n");
    pid_t server = serve(&smtp, &smtps);
    if (!smtp || !smtps)
        return 1;
    snprintf(clear, sizeof clear, "smtp://127.0.0.1:%d", smtp);
    snprintf(tls, sizeof tls, "smtps://127.0.0.1:%d", smtps);
    snprintf(curl_clear, sizeof curl_clear, "%s/me.example", clear);
    snprintf(curl_tls, sizeof curl_tls, "%s/me.example", tls);
    snprintf(s_client, sizeof s_client, "127.0.0.1:%d", smtps);
    const char *h = bench_heloscope(), *c = curl ? "curl" : NULL;
    static const char talk[] = "EHLO me.example\nSTARTTLS\nEHLO me.example\nQUIT\n";
    struct rival verified[] = {
        {.who = "heloscope run", .argv = {h, "run", "--ca-file", ca, script, clear}},
        {.who = "heloscope --plain", .argv = {h, "--plain", "--ca-file", ca, clear}, .input = talk},
        {.who = "curl", .argv = {c, "-sv", "--ssl-reqd", "--cacert", ca, "-X", "NOOP", curl_clear}},
    };
    struct rival unverified[] = {
        {.who = "heloscope run", .argv = {h, "run", "--insecure", script, clear}},
        {.who = "heloscope --plain", .argv = {h, "--plain", "--insecure", clear}, .input = talk},
        {.who = "curl", .argv = {c, "-skv", "--ssl-reqd", "-X", "NOOP", curl_clear}},
    };
    struct rival at_once[] = {
        {.who = "heloscope run", .argv = {h, "run", "--ca-file", ca, implicit, tls}},
        {.who = "openssl s_client",
         .argv = {openssl ? "openssl" : NULL, "s_client", "-quiet", "-verify_quiet", "-CAfile", ca,
                  "-connect", s_client},
         .input = "QUIT\r\n"},
        {.who = "curl", .argv = {c, "-sv", "--cacert", ca, "-X", "NOOP", curl_tls}},
    };
    /* As without any option: the directory of CAs by hash, and a bundle as distributions have. */
    struct rival by_default[] = {
        {.who = "heloscope run", .argv = {h, "run", script, clear}},
        {.who = "heloscope --plain", .argv = {h, "--plain", clear}, .input = talk},
        {.who = "curl",
         .argv = {c, "-sv", "--ssl-reqd", "--capath", dir, "-X", "NOOP", curl_clear}},
    };
    if (hashed()) {
        setenv("SSL_CERT_DIR", dir, 1);
        race("STARTTLS and EHLO, system's store", by_default, 3, 0.65);
        unsetenv("SSL_CERT_DIR");
    }
    race("STARTTLS and EHLO, CA file", verified, 3, 0.65);
    race("STARTTLS and EHLO, not verified", unverified, 3, 0.65);
    race("TLS banner, CA file", at_once, 3, 0.65);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    unlink(ca);
    unlink(hash_path);
    unlink(script);
    unlink(implicit);
    return rmdir(dir) != 0;
}
