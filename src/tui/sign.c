/* SPDX-License-Identifier: GPL-3.0-or-later */
/* :sign puts a DKIM signature on the letter in the composer, where it is a header field like any
 * other: it can be read, and broken by changing a word below it. Only in the practice world, whose
 * keys everybody has. RFC 6376 5. */
#include "tui/app.h"
#include "heloscope/lab.h"
#include "heloscope/mailtext.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LETTER_LINES_MAX = 16 << 20 };

/* As it will be on the wire: CRLF, and a line end behind the last line. */
static bool on_the_wire(const char *p, size_t n, struct buf *out)
{
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = p[i] == '\r' ? true : p[i] == '\n' ? buf_add(out, "\r\n", 2) : buf_add_char(out, p[i]);
    if (ok && n > 0 && p[n - 1] != '\n')
        ok = buf_add(out, "\r\n", 2);
    return ok;
}

static bool with_signature(const struct mailtext *m, const char *domain, struct buf *out, char *why,
                           size_t size)
{
    struct dkim_signing how = {.domain = domain,
                               .selector = LAB_SELECTOR,
                               .headers = "from:to:subject:date:message-id",
                               .relaxed_header = true,
                               .relaxed_body = true};
    if (!mailtext_field(m, "From")) {
        snprintf(why, size, "the letter has no From field yet, and that is what is vouched for");
        return false;
    }
    struct dkim_key *k = lab_key(domain, why, size);
    bool ok = k && dkim_sign(m, k, &how, out, why, size);
    dkim_key_free(k);
    return ok;
}

/* The fields but signatures, and the body. */
static size_t without_signatures(const struct mailtext *m, const char *text, size_t n,
                                 struct buf *out)
{
    size_t taken = 0, from = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct field *f = &m->at[i];
        if (!field_is(f, "DKIM-Signature"))
            continue;
        taken++;
        size_t start = (size_t)(f->raw - text);
        buf_add(out, text + from, start - from);
        from = start + f->n;
    }
    buf_add(out, text + from, n - from);
    return taken;
}

void letter_sign(struct app *app, struct tab *t, const char *domain)
{
    char why[200] = "the letter is too long to be signed here";
    struct ui *ui = &app->ui;
    if (!session_is_practice(t->session)) {
        ui_notice(ui, true, "signing is for the practice world: the keys there are everybody's");
        return;
    }
    if (!t->letter) {
        ui_notice(ui, true, "no letter is being written: after DATA write it, then :sign it");
        return;
    }
    const struct buf *text = letter_text(t);
    struct buf wire, out;
    struct mailtext m;
    bool off = !strcasecmp(domain, "off");
    buf_init(&wire, LETTER_LINES_MAX);
    buf_init(&out, LETTER_LINES_MAX);
    bool ok = on_the_wire(buf_str((struct buf *)text), letter_length(t), &wire);
    mailtext_parse(&m, buf_str(&wire), wire.len);
    size_t taken = 0;
    if (ok && off)
        taken = without_signatures(&m, buf_str(&wire), wire.len, &out);
    else
        ok = ok && with_signature(&m, domain, &out, why, sizeof why) &&
             buf_add(&out, wire.p, wire.len);
    if (ok) {
        size_t n = 0;
        for (size_t i = 0; i < out.len; i++) /* a tab looks odd; blanks fold as well */
            if (out.p[i] != '\r')
                out.p[n++] =
                    (char)(!off && i < out.len - wire.len && out.p[i] == '\t' ? ' ' : out.p[i]);
        letter_set(app, t, out.p, n);
        ui->focus = FOCUS_EDITOR;
        ui->small_pane = FOCUS_TALK;
        if (off)
            ui_notice(ui, false, taken ? "no signature any more" : "there was no signature");
        else
            ui_notice(ui, false, "signed for %.60s: change a word now and the signature breaks",
                      domain);
    } else
        ui_notice(ui, true, "not signed: %s", why);
    mailtext_clear(&m);
    buf_clear(&wire);
    buf_clear(&out);
}
