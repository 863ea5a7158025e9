/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mail.c: what scripts and `send` cost beside telnet, swaks, curl, Postfix's smtp-source and mpop,
 * each in the same run against tests/bench/sinkd: the start, one mail, round trips, many small
 * mails, one of 50 MB (plain and TLS), RETR of 200 MB to a file, 10,000 RETR of 2 kB.
 */
#include "../screen/term.h"
#include "bench.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS 31
#define MAILS 9
#define TURNS 5
#define SMALL 5000 /* small mails */
#define BIG_MB 50
#define RETR_MB 200
#define RETR_COUNT 10000

struct sink {
    pid_t pid;
    int smtp, smtps, pop3, keep;
};

static char dir[] = "/tmp/helo-bench.XXXXXX";
static char smtp_target[64], smtps_target[64], port_text[16];

static void sink_start(struct sink *s, const char *megabytes)
{
    int in[2], out[2];
    char said[128] = "";
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        exit(1);
    s->pid = fork();
    if (s->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl(bench_built("tests/bench/sinkd"), "sinkd", megabytes ? "-b" : NULL, megabytes, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    s->keep = in[1];
    if (read(out[0], said, sizeof said - 1) <= 0 ||
        sscanf(said, "smtp %d smtps %d pop3 %d", &s->smtp, &s->smtps, &s->pop3) != 3) {
        fprintf(stderr, "sinkd does not start\n");
        exit(1);
    }
    close(out[0]);
}

static void sink_stop(struct sink *s)
{
    close(s->keep);
    kill(s->pid, SIGTERM);
    waitpid(s->pid, NULL, 0);
}

__attribute__((format(printf, 2, 3))) static const char *file(const char *name, const char *fmt,
                                                              ...)
{
    static char paths[8][64];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    va_list ap;
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    fclose(f);
    return path;
}

static void add(struct values *v, double ms)
{
    if (ms > 0)
        values_add(v, (int64_t)(ms * 1000));
}

static double median(struct values *v)
{
    return (double)values_at(v, 50) / 1000;
}

/* ------------------------------------------------------------------ the start */

/* Milliseconds from fork to the first octet of the banner on its standard output. */
static double until_banner(const char *const *argv)
{
    int in[2], out[2];
    char text[4096];
    size_t n = 0;
    ssize_t k;
    int64_t from = term_now();
    double ms = -1;
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(out[1]);
    close(in[0]);
    while (n < sizeof text - 1 && (k = read(out[0], text + n, sizeof text - 1 - n)) > 0) {
        n += (size_t)k;
        text[n] = '\0';
        if (strstr(text, "220 ")) {
            ms = (double)(term_now() - from) / 1000;
            break;
        }
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(in[1]);
    close(out[0]);
    return ms;
}

static void starts(void)
{
    static struct values ours, telnet, nc;
    const char *our[] = {bench_heloscope(), "--plain", smtp_target, NULL};
    const char *tel[] = {"telnet", "127.0.0.1", port_text, NULL};
    const char *cat[] = {"nc", "127.0.0.1", port_text, NULL};
    bool has = bench_has("telnet"), has_nc = bench_has("nc");
    for (int i = 0; i < STARTS; i++) {
        add(&ours, until_banner(our));
        if (has)
            add(&telnet, until_banner(tel));
        if (has_nc)
            add(&nc, until_banner(cat));
    }
    bench_row("start to plain banner", "heloscope --plain", "%8.2f ms", median(&ours));
    if (has_nc)
        bench_row("start to plain banner", "nc", "%8.2f ms", median(&nc));
    if (has) {
        bench_row("start to plain banner", "telnet", "%8.2f ms", median(&telnet));
        bench_aim(median(&ours) <= 1.3 * median(&telnet), "%.2f x telnet, at most 1.3",
                  median(&ours) / median(&telnet));
    }
}

/* ------------------------------------------------------------------ one mail, annotated */

static void one_mail(void)
{
    static struct values ours, script, swaks;
    const char *path =
        file("mail.helo", "EHLO a.example\nexpect 250\nMAIL FROM:<a@b.example>\nexpect 250\n"
                          "RCPT TO:<c@d.example>\nexpect 250\nletter <<END\nSubject: x\n\nhello\n"
                          "END\nexpect 250\nquit\n");
    const char *send[] = {bench_heloscope(), "send", smtp_target,   "--from",
                          "a@b.example",     "--to", "c@d.example", NULL};
    const char *run[] = {bench_heloscope(), "run", path, smtp_target, NULL};
    const char *sw[] = {"swaks",  "--server",    "127.0.0.1", "--port",      port_text,
                        "--from", "a@b.example", "--to",      "c@d.example", NULL};
    bool has = bench_has("swaks");
    for (int i = 0; i < MAILS; i++) {
        add(&ours, bench_run(send, NULL, NULL));
        add(&script, bench_run(run, NULL, NULL));
        if (has)
            add(&swaks, bench_run(sw, NULL, NULL));
    }
    bench_row("one mail, annotated", "heloscope send", "%8.2f ms", median(&ours));
    bench_row("one mail, annotated", "heloscope run", "%8.2f ms", median(&script));
    if (has) {
        bench_row("one mail, annotated", "swaks", "%8.2f ms", median(&swaks));
        bench_aim(median(&script) <= 0.15 * median(&swaks), "%.3f x swaks, at most 0.15",
                  median(&script) / median(&swaks));
    }
}

/* ------------------------------------------------------------------ round trips */

/* What the sink counted, from the 221 in the program's output; -1: none. */
static int waits(const char *command)
{
    char line[4096];
    int n = -1;
    FILE *f = popen(command, "r");
    while (f && fgets(line, sizeof line, f)) {
        const char *at = strstr(line, "221 bye, ");
        if (at)
            n = atoi(at + 9);
    }
    if (f)
        pclose(f);
    return n;
}

static void round_trips(void)
{
    char one[300], many[400], swaks[300];
    snprintf(one, sizeof one, "%s send %s --from a@b.example --to c@d.example", bench_heloscope(),
             smtp_target);
    snprintf(many, sizeof many, "%s --repeat 11", one);
    snprintf(
        swaks, sizeof swaks,
        "swaks --pipeline --server 127.0.0.1 --port %s --from a@b.example --to c@d.example 2>&1",
        port_text);
    int first = waits(one), eleven = waits(many);
    double more = (eleven - first) / 10.0;
    bench_row("round trips, one mail in all", "heloscope send", "%d", first);
    bench_row("round trips for one more mail", "heloscope send", "%.1f", more);
    if (bench_has("swaks"))
        bench_row("round trips, one mail in all", "swaks --pipeline", "%d", waits(swaks));
    bench_aim(eleven >= 0 && more <= 2, "%.1f, at most 2 (stretch 1)", more);
}

/* ------------------------------------------------------------------ many small mails */

static void small_mails(void)
{
    static struct values ours, source, curl;
    char text[1100], count[16], url[64], where[64];
    memset(text, 'x', sizeof text);
    for (size_t i = 70; i < 1000; i += 72)
        memcpy(text + i, "\r\n", 2);
    memcpy(text, "Subject: a\r\n\r\n", 14);
    text[1022] = '\r';
    text[1023] = '\n';
    text[1024] = '\0';
    const char *letter = file("letter", "%s", text);
    char *config = malloc(200 * (SMALL / 5) + 1), *p = config;
    snprintf(url, sizeof url, "smtp://127.0.0.1:%s/a.example", port_text);
    for (int i = 0; i < SMALL / 5; i++)
        p += sprintf(p,
                     "%surl=\"%s\"\nmail-from=\"a@b.example\"\nmail-rcpt=\"c@d.example\"\n"
                     "upload-file=\"%s\"\n",
                     i ? "next\n" : "", url, letter);
    const char *list = file("curl", "%s", config);
    free(config);
    snprintf(count, sizeof count, "%d", SMALL);
    snprintf(where, sizeof where, "127.0.0.1:%s", port_text);
    const char *our[] = {
        bench_heloscope(), "send", smtp_target, "--from", "a@b.example", "--to", "c@d.example",
        "--data",          letter, "--repeat",  count,    "--quiet",     NULL};
    const char *src[] = {"smtp-source", "-d", "-l",          "1024", "-m",          count, "-s",
                         "1",           "-f", "a@b.example", "-t",   "c@d.example", where, NULL};
    const char *cu[] = {"curl", "-s", "-K", list, NULL};
    bool has = bench_has("smtp-source"), has_curl = bench_has("curl");
    for (int i = 0; i < TURNS; i++) {
        add(&ours, bench_run(our, NULL, NULL));
        if (has)
            add(&source, bench_run(src, NULL, NULL));
        if (has_curl)
            add(&curl, bench_run(cu, NULL, NULL));
    }
    double rate = SMALL * 1000.0 / median(&ours);
    bench_row("1 kB mails over one connection", "heloscope send", "%8.0f /s", rate);
    if (has) {
        double r = SMALL * 1000.0 / median(&source);
        bench_row("1 kB mails over one connection", "smtp-source", "%8.0f /s", r);
        bench_aim(rate >= 2.3 * r, "%.1f x smtp-source, at least 2.3", rate / r);
    }
    if (has_curl) {
        double r = SMALL / 5 * 1000.0 / median(&curl);
        bench_row("1 kB mails over one connection", "curl", "%8.0f /s", r);
        bench_aim(rate >= 3 * r, "%.1f x curl, at least 3", rate / r);
    }
}

/* ------------------------------------------------------------------ one of 50 MB */

static void big_mail(bool tls)
{
    struct values *ours = calloc(1, sizeof *ours), *curl = calloc(1, sizeof *curl);
    char path[64], url[80];
    long our_kb = 0, curl_kb = 0;
    const char *what = tls ? "50 MB letter, TLS" : "50 MB letter";
    snprintf(path, sizeof path, "%s/big", dir);
    snprintf(url, sizeof url, "%s/a.example", tls ? smtps_target : smtp_target);
    const char *our[] = {bench_heloscope(),
                         "send",
                         tls ? smtps_target : smtp_target,
                         "--insecure",
                         "--from",
                         "a@b.example",
                         "--to",
                         "c@d.example",
                         "--data",
                         path,
                         "--quiet",
                         NULL};
    const char *cu[] = {"curl",        "-s", "-k", "--mail-from", "a@b.example", "--mail-rcpt",
                        "c@d.example", "-T", path, url,           NULL};
    bool has = bench_has("curl");
    for (int i = 0; i < TURNS; i++) {
        add(ours, bench_run(our, NULL, &our_kb));
        if (has)
            add(curl, bench_run(cu, NULL, &curl_kb));
    }
    bench_row(what, "heloscope send", "%8.1f ms  %6.0f MB/s  %ld kB of memory", median(ours),
              BIG_MB * 1000.0 / median(ours), our_kb);
    if (has) {
        bench_row(what, "curl", "%8.1f ms  %6.0f MB/s  %ld kB of memory", median(curl),
                  BIG_MB * 1000.0 / median(curl), curl_kb);
        bench_aim(median(ours) <= median(curl), "%.2f x curl's speed, at least 1",
                  median(curl) / median(ours));
        bench_aim((double)our_kb <= 1.2 * (double)curl_kb, "%.2f x curl's memory, at most 1.2",
                  (double)our_kb / (double)curl_kb);
    }
    free(ours);
    free(curl);
}

static void make_big(void)
{
    char path[64], line[79];
    snprintf(path, sizeof path, "%s/big", dir);
    FILE *f = fopen(path, "w");
    fputs("Subject: big\r\n\r\n", f);
    memset(line, 'y', 76);
    memcpy(line + 76, "\r\n", 3);
    for (int i = 0; i < BIG_MB * 1000000 / 78; i++)
        fputs(line, f);
    fclose(f);
}

/* ------------------------------------------------------------------ RETR */

static void retr_big(void)
{
    static struct values ours, curl;
    struct sink s;
    char target[64], url[64], out[64], curl_out[64], mb[16];
    long our_kb = 0, curl_kb = 0;
    snprintf(mb, sizeof mb, "%d", RETR_MB);
    sink_start(&s, mb);
    snprintf(target, sizeof target, "pop3://127.0.0.1:%d", s.pop3);
    snprintf(url, sizeof url, "pop3://127.0.0.1:%d/1", s.pop3);
    snprintf(out, sizeof out, "%s/out", dir);
    snprintf(curl_out, sizeof curl_out, "%s/out2", dir);
    const char *path = file("retr.helo", "USER a\nPASS b\nretr 1 %s\nquit\n", out);
    const char *our[] = {bench_heloscope(), "run", "--quiet", path, target, NULL};
    const char *cu[] = {"curl", "-s", "-u", "a:b", "-o", curl_out, url, NULL};
    bool has = bench_has("curl");
    for (int i = 0; i < TURNS; i++) {
        add(&ours, bench_run(our, NULL, &our_kb));
        if (has)
            add(&curl, bench_run(cu, NULL, &curl_kb));
    }
    double r = RETR_MB * 1000.0 / median(&ours);
    bench_row("RETR of 200 MB to a file", "heloscope run", "%8.1f ms  %6.0f MB/s  %ld kB of memory",
              median(&ours), r, our_kb);
    bench_aim(our_kb <= 16 * 1024, "%ld kB of memory, at most 16384", our_kb);
    if (has) {
        bench_row("RETR of 200 MB to a file", "curl", "%8.1f ms  %6.0f MB/s  %ld kB of memory",
                  median(&curl), RETR_MB * 1000.0 / median(&curl), curl_kb);
        bench_aim(median(&ours) * 2 <= median(&curl), "%.2f x curl, at least 2",
                  median(&curl) / median(&ours));
        char compare[200];
        snprintf(compare, sizeof compare, "cmp %s %s", out, curl_out);
        if (system(compare) != 0)
            bench_row("RETR of 200 MB to a file", "heloscope run", "not what curl fetched");
    }
    unlink(out);
    unlink(curl_out);
    sink_stop(&s);
}

static void retr_many(const struct sink *s)
{
    static struct values ours, mpop, curl;
    char target[64], url[80];
    snprintf(target, sizeof target, "pop3://127.0.0.1:%d", s->pop3);
    snprintf(url, sizeof url, "pop3://127.0.0.1:%d/[1-%d]", s->pop3, RETR_COUNT);
    const char *path = file("many.helo", "%s", "CAPA\nUSER a\nPASS b\nretr all /dev/null\nquit\n");
    const char *config =
        file("mpoprc",
             "account default\nhost 127.0.0.1\nport %d\nuser a\npassword b\nauth "
             "user\ntls off\nkeep on\nuidls_file %s/uidls\ndelivery mbox /dev/null\n",
             s->pop3, dir);
    char rc[100], uidls[64];
    chmod(config, 0600);
    snprintf(rc, sizeof rc, "--file=%s", config);
    snprintf(uidls, sizeof uidls, "%s/uidls", dir);
    const char *our[] = {bench_heloscope(), "run", "--quiet", path, target, NULL};
    const char *mp[] = {"mpop", rc, "-q", NULL};
    const char *cu[] = {"curl", "-s", "-u", "a:b", "-o", "/dev/null", url, NULL};
    bool has = bench_has("mpop"), has_curl = bench_has("curl");
    for (int i = 0; i < TURNS; i++) {
        add(&ours, bench_run(our, NULL, NULL));
        unlink(uidls);
        if (has)
            add(&mpop, bench_run(mp, NULL, NULL));
        if (has_curl && i == 0)
            add(&curl, bench_run(cu, NULL, NULL));
    }
    double r = RETR_COUNT * 1000.0 / median(&ours);
    bench_row("10,000 RETR of 2 kB", "heloscope run", "%8.1f ms  %8.0f /s", median(&ours), r);
    if (has_curl)
        bench_row("10,000 RETR of 2 kB", "curl", "%8.1f ms  %8.0f /s", median(&curl),
                  RETR_COUNT * 1000.0 / median(&curl));
    if (has) {
        bench_row("10,000 RETR of 2 kB", "mpop", "%8.1f ms  %8.0f /s", median(&mpop),
                  RETR_COUNT * 1000.0 / median(&mpop));
        bench_aim(median(&ours) * 5 <= median(&mpop), "%.1f x mpop, at least 5",
                  median(&mpop) / median(&ours));
    }
}

int main(void)
{
    struct sink s;
    char clean[64];
    if (!mkdtemp(dir))
        return 1;
    sink_start(&s, NULL);
    snprintf(smtp_target, sizeof smtp_target, "smtp://127.0.0.1:%d", s.smtp);
    snprintf(smtps_target, sizeof smtps_target, "smtps://127.0.0.1:%d", s.smtps);
    snprintf(port_text, sizeof port_text, "%d", s.smtp);
    starts();
    one_mail();
    round_trips();
    small_mails();
    make_big();
    big_mail(false);
    big_mail(true);
    retr_many(&s);
    sink_stop(&s);
    retr_big();
    snprintf(clean, sizeof clean, "rm -rf %s", dir);
    return system(clean) != 0;
}
