/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can go wrong, by whose fault it is, and the exit status of each kind. A server that refuses
 * is news, not an error of ours: it appears here only because a headless mode must end with an
 * honest status. */
#ifndef HELOSCOPE_FAULT_H
#define HELOSCOPE_FAULT_H

/* X(name, exit status, words) : the one list; --help and the man page print it. */
#define FAULT_LIST(X)                                                                              \
    X(NONE, 0, "all went well")                                                                    \
    X(EXPECTED, 1, "an expectation of a script was not met")                                       \
    X(USAGE, 2, "the command line or a command is wrong")                                          \
    X(FILE, 3, "a file cannot be read or written")                                                 \
    X(MEMORY, 4, "not enough memory, or a limit of ours was reached")                              \
    X(NETWORK, 5, "the network: name not found, refused, timed out, broken connection")            \
    X(TLS, 6, "TLS: the handshake failed, or the certificate was not accepted")                    \
    X(PROTOCOL, 7, "the other end does not speak the protocol")                                    \
    X(REFUSED, 8, "the server refused (a 4yz, 5yz or -ERR reply was the last word)")               \
    X(TERMINAL, 9, "the terminal cannot be used for a full-screen program")

enum fault {
#define X(name, status, words) FAULT_##name,
    FAULT_LIST(X)
#undef X
};

/* The exit status of a kind, and the kind in words. */
int fault_status(enum fault f);
const char *fault_words(enum fault f);

#endif
