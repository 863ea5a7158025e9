/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All tables of causes; cause_rows.h says what ROW and TOLD are. GEN: a general row, anybody's. */
#define GEN(cause, sure, match, when) ROW(cause, sure, match, when, "", "")
#include "know/causes/codes.def"
#include "know/causes/mta.def"
#include "know/causes/phrases.def"
#include "know/causes/pop3.def"
#include "know/causes/provider.def"
#undef GEN
