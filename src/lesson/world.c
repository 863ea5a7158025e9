/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The world that a lesson is set in: what goes wrong there, and what its DNS says. */
#include "heloscope/lab.h"
#include "heloscope/lesson.h"
#include "heloscope/practice.h"
#include "heloscope/whatif.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct lab_choice choice(const struct lesson *l)
{
    const char *policy = *l->policy ? l->policy : "reject";
    return (struct lab_choice){.policy = strcasecmp(policy, "off") ? policy : NULL,
                               .strict = !strcasecmp(l->alignment, "strict"),
                               .soft = !strcasecmp(l->spf, "soft")};
}

bool lesson_world(const struct lesson *l, struct world *w, char *why, size_t size)
{
    char faults[300];
    struct lab_choice c = choice(l);
    bool chosen = *l->policy || *l->alignment || *l->spf;
    snprintf(faults, sizeof faults, "off %s", l->fault);
    return world_fault(w, faults, why, size) &&
           world_dns(w, *l->zone ? l->zone : NULL, chosen ? &c : NULL, why, size);
}

void lesson_whatif(const struct lesson *l, struct whatif *out)
{
    struct lab_choice c = choice(l);
    *out = (struct whatif){.strict = c.strict, .soft = c.soft};
    snprintf(out->policy, sizeof out->policy, "%s", c.policy ? c.policy : "off");
    snprintf(out->zone, sizeof out->zone, "%s", l->zone);
}
