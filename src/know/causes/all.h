/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All tables of causes; cause_rows.h says what ROW and TOLD are. GEN: a general row, anybody's
 * words; its reference is where the standards tell of such a refusal. POP: the same of POP3. */
#define GEN(cause, sure, match, when) ROW(cause, sure, match, when, "", REF_##cause)
#define POP(cause, sure, match, when) ROW(cause, sure, match, when, "", POPREF_##cause)
#include "know/causes/refs.h"
#include "know/causes/codes.def"
#include "know/causes/mta.def"
#include "know/causes/phrases.def"
#include "know/causes/plain.def"
#include "know/causes/pop3.def"
#include "know/causes/provider.def"
#include "know/causes/servers.def"
#include "know/causes/tongues.def"
#undef GEN
#undef POP
