/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long one explanation takes, by kind: a screen of them is drawn for each key. Figures, not
 * verdicts. */
#include "heloscope/know.h"
#include "heloscope/loop.h"
#include "tests/bench/bench.h"

#include <string.h>

#define ROUNDS 200000

static void measure(const char *what, const char *proto, const char *verb, enum item_kind kind,
                    const char *line)
{
    static struct explanation e;
    bool tls;
    unsigned short port;
    struct moment m = {.proto = proto_find(proto, strlen(proto), &tls, &port)};
    m.command.verb = proto_verb(m.proto, verb, strlen(verb));
    if (verb[0] == '(')
        m.command.verb = proto_pseudo(m.proto, VERB_BANNER);
    if (kind == ITEM_SERVER)
        m.proto->reply(&m.command, line, strlen(line), &m.reply);
    uint64_t start = now_us();
    size_t sum = 0;
    for (int i = 0; i < ROUNDS; i++) {
        know_explain(kind, &m, 0, line, strlen(line), &e);
        sum += (unsigned char)e.what[0];
    }
    double us = (double)(now_us() - start) / ROUNDS;
    bench_row(what, sum ? "heloscope" : "-", "%.2f us", us);
    bench_aim(us <= 5, "one explanation <= 5 us");
}

int main(void)
{
    measure("a reply with an enhanced code", "smtp", "RCPT", ITEM_SERVER,
            "550 5.1.1 <nobody@example.org>: no such user");
    measure("a reply without", "smtp", "MAIL", ITEM_SERVER, "250 Ok");
    measure("a banner", "smtp", "(banner)", ITEM_SERVER,
            "220 mx.example.org ESMTP Postfix (Debian/GNU)");
    measure("a POP3 reply", "pop3", "PASS", ITEM_SERVER, "-ERR [IN-USE] the maildrop is locked");
    measure("a client's line", "smtp", "MAIL", ITEM_CLIENT,
            "MAIL FROM:<someone@example.org> SIZE=12345 BODY=8BITMIME");
    measure("an unknown line", "smtp", "XYZZY", ITEM_CLIENT, "RCTP TO:<someone@example.org>");
    measure("an event", "smtp", "QUIT", ITEM_EVENT, "192.0.2.1:25: connection refused");
    return 0;
}
