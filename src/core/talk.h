/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recorded talk, read line by line into a transcript with the states, pairs and masks of a live
 * session. */
#ifndef HELOSCOPE_TALK_H
#define HELOSCOPE_TALK_H

#include "heloscope/caps.h"
#include "heloscope/transcript.h"

#define TALK_SECRETS 8
#define TALK_QUEUE 4096
#define TALK_NONE SIZE_MAX

struct talk_command {
    struct command cmd;
    struct where before;
    uint32_t exchange;
    uint32_t left; /* replies it is still owed; 0: none has come yet */
};

struct talk {
    struct transcript *t; /* borrowed */
    const struct proto *proto;
    struct where now, ahead;
    struct talk_command *queue;
    size_t n, cap;
    struct command last;
    struct reply reply;
    size_t reply_entry, letter_entry, literal_entry;
    uint64_t literal_left;
    bool in_body, letter_open, begun;
    bool partial; /* begins somewhere in the middle: where it stands is concluded from what succeeds
                   */
    bool strayed; /* partial, and no command was seen yet: server lines may be the rest of anything
                   */
    bool challenged; /* the last reply wants an answer */
    uint32_t exchanges;
    size_t entry; /* the entry the last line went into */
    struct caps caps, building;
    bool has_caps;
    size_t cap_index;
    struct buf secrets[TALK_SECRETS];
    size_t nsecrets;
    uint32_t secrets_kept; /* how many there ever were; the newest stand last */
    bool shown; /* secrets are not masked: only where the user asked for them on a terminal */
    bool over;  /* the server said goodbye: what it says next greets in a new session */
};

void talk_init(struct talk *k, struct transcript *t, const struct proto *p, bool partial);
void talk_clear(struct talk *k);
/* One line without its end. */
void talk_client(struct talk *k, const char *line, size_t n);
void talk_server(struct talk *k, const char *line, size_t n);
void talk_event(struct talk *k, const char *line, size_t n);
void talk_text(struct talk *k, const char *line, size_t n);
/* TLS was there before the talk begins, or before the next one in the same recording. */
void talk_secured(struct talk *k);
/* Lines of the client's are a letter now; lines of the server's are a body now. */
bool talk_in_letter(const struct talk *k);
bool talk_in_body(const struct talk *k);
/* The end: what is open is closed. */
void talk_end(struct talk *k);

/* As much of a talk as tells whose the next line is. */
struct talk_view {
    const struct proto *proto;
    bool in_body, in_letter, begun, strayed;
    bool paired;     /* a command waits for its reply */
    bool open;       /* a reply is still coming in */
    bool challenged; /* the next line of the client's answers a challenge */
};
struct talk_view talk_view(const struct talk *k);
/* Does the text hold one of the newest `newest` secrets? */
bool talk_holds_secret(const struct talk *k, uint32_t newest, const char *p, size_t n);
/* The secrets that another talk has met are masked in this one too. */
void talk_inherit(struct talk *k, const struct talk *from);
/* Appends the line with the secrets of the talk so far masked; true: there was one. */
bool talk_mask(const struct talk *k, const char *p, size_t n, struct buf *out);

/* Where a talk stands between two lines, without numbers that only count (exchanges, places in a
 * line): two talks that go on alike have equal states, octet by octet. Secrets and capabilities
 * are no part of it. */
struct talk_state {
    struct where now, ahead;
    struct command last;
    struct reply reply; /* of the body that is coming in */
    bool in_body, letter_open, letter_begun, begun, partial, strayed, challenged, over;
    size_t n;
    struct talk_command queue[]; /* n of them */
};
/* The size of the state in octets, which are written to *out (of `size` octets) if there is room;
 * 0: the talk is in the middle of a reply, or has more than 64 commands waiting. */
size_t talk_save(const struct talk *k, struct talk_state *out, size_t size);
/* Puts the talk there and gives it a new transcript. */
void talk_load(struct talk *k, const struct talk_state *s, struct transcript *t);

#endif
