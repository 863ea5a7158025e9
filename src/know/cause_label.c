/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names: of causes, of how sure we are, of the stages of a talk. */
#include "heloscope/cause.h"

#include <string.h>
#include <strings.h>

static const struct cause_label labels[CAUSES] = {
#define LABEL(id, name, family, means, next, mends) {name, family, means, next, mends},
#include "heloscope/cause_labels.def"
#undef LABEL
};

const struct cause_label *cause_label(enum cause c)
{
    return &labels[(unsigned)c < CAUSES ? c : CAUSE_UNSPECIFIED];
}

enum cause cause_by_name(const char *name, size_t n)
{
    for (unsigned i = 0; i < CAUSES; i++)
        if (strlen(labels[i].name) == n && !strncasecmp(labels[i].name, name, n))
            return (enum cause)i;
    return CAUSES;
}

const char *cause_sure_name(enum cause_sure s)
{
    return s == CAUSE_CERTAIN ? "certain" : s == CAUSE_LIKELY ? "likely" : "guess";
}

static const char *const stages[CAUSE_STAGES] = {"unknown", "connect", "helo", "auth",
                                                 "mail",    "rcpt",    "data", "eom"};

const char *cause_stage_name(enum cause_stage s)
{
    return stages[(unsigned)s < CAUSE_STAGES ? s : CAUSE_AT_UNKNOWN];
}

enum cause_stage cause_stage_by_name(const char *name, size_t n)
{
    for (unsigned i = 0; i < CAUSE_STAGES; i++)
        if (n && stages[i][0] == (name[0] | 0x20) && strlen(stages[i]) == n &&
            !strncasecmp(stages[i], name, n))
            return (enum cause_stage)i;
    return CAUSE_AT_UNKNOWN;
}

enum cause_stage cause_stage_of_verb(const char *verb)
{
    static const struct {
        const char *verb;
        enum cause_stage stage;
    } verbs[] = {
        {"(banner)", CAUSE_AT_CONNECT},    {"HELO", CAUSE_AT_HELO}, {"EHLO", CAUSE_AT_HELO},
        {"LHLO", CAUSE_AT_HELO},           {"AUTH", CAUSE_AT_AUTH}, {"(challenge)", CAUSE_AT_AUTH},
        {"USER", CAUSE_AT_AUTH},           {"PASS", CAUSE_AT_AUTH}, {"APOP", CAUSE_AT_AUTH},
        {"MAIL", CAUSE_AT_MAIL},           {"RCPT", CAUSE_AT_RCPT}, {"DATA", CAUSE_AT_DATA},
        {"(end of letter)", CAUSE_AT_EOM}, {"BDAT", CAUSE_AT_EOM},
    };
    for (size_t i = 0; verb && i < sizeof verbs / sizeof verbs[0]; i++)
        if (!strcmp(verbs[i].verb, verb))
            return verbs[i].stage;
    return CAUSE_AT_UNKNOWN;
}
