/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letters as mail programs show them, by GMime. RFC 2045 to 2047, RFC 2183, RFC 2231. */
#include "config.h"

#include "heloscope/mailtext.h"
#include "heloscope/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#ifdef HAVE_GMIME
#include "core/lazy/gmime.gen.h"

static bool ready(void)
{
    static int is;
    char why[200];
    if (!is) {
        is = lazy_ready(gmime, why, sizeof why) ? 1 : -1;
        if (is > 0)
            g_mime_init();
    }
    return is > 0;
}
#endif

/* Folding taken away (RFC 5322 2.2.3), for the encoded words to stand beside each other. */
static char *unfolded(const char *p, size_t n)
{
    char *out = xmalloc(n + 1), *to = out;
    for (size_t i = 0; i < n; i++)
        if (p[i] != '\r' && p[i] != '\n' && p[i] != '\0')
            *to++ = p[i] == '\t' ? ' ' : p[i];
    *to = '\0';
    return out;
}

void reader_decode(const char *value, size_t n, struct buf *out)
{
    char *flat = unfolded(value, n < READER_FIELD ? n : READER_FIELD);
    char *from = flat + strspn(flat, " ");
#ifdef HAVE_GMIME
    if (strstr(from, "=?") && ready()) {
        char *decoded = g_mime_utils_header_decode_text(NULL, from);
        buf_add_str(out, decoded ? decoded : from);
        g_free(decoded);
        free(flat);
        return;
    }
#endif
    buf_add_str(out, from);
    free(flat);
}

bool reader_field(const char *p, size_t n, const char *name, struct buf *out)
{
    size_t len = strlen(name);
    while (n && *p != '\r' && *p != '\n') {
        size_t line = 0;
        for (;;) { /* the field with its folded lines */
            const char *lf = memchr(p + line, '\n', n - line);
            line = lf ? (size_t)(lf - p) + 1 : n;
            if (line == n || (p[line] != ' ' && p[line] != '\t'))
                break;
        }
        if (line > len && p[len] == ':' && !strncasecmp(p, name, len)) {
            reader_decode(p + len + 1, line - len - 1, out);
            return true;
        }
        p += line;
        n -= line;
    }
    return false;
}

static char *field(const char *p, size_t n, const char *name)
{
    struct buf b;
    buf_init(&b, 4 * READER_FIELD);
    reader_field(p, n, name, &b);
    char *out = xstrdup(buf_str(&b));
    buf_clear(&b);
    return out;
}

/* "Name" <address>, decoded: the last < > holds the address (RFC 5322 3.4). */
static void split_from(struct reader *r)
{
    const char *open = strrchr(r->from, '<'), *close = open ? strchr(open, '>') : NULL;
    if (!close) {
        r->from_name = xstrdup("");
        r->from_address = xstrdup(r->from);
        return;
    }
    r->from_address = xstrndup(open + 1, (size_t)(close - open - 1));
    size_t n = (size_t)(open - r->from);
    const char *name = r->from;
    while (n && name[n - 1] == ' ')
        n--;
    if (n >= 2 && *name == '"' && name[n - 1] == '"') {
        name++;
        n -= 2;
    }
    r->from_name = xstrndup(name, n);
}

static void add_text(struct reader *r, const char *p, size_t n)
{
    size_t room = READER_TEXT - (r->text.len < READER_TEXT ? r->text.len : READER_TEXT);
    r->cut = r->cut || n > room;
    buf_add(&r->text, p, n < room ? n : room);
}

#ifdef HAVE_GMIME
static bool is_kind(const void *object, GType type)
{
    return g_type_check_instance_is_a((GTypeInstance *)(uintptr_t)object, type);
}

static struct reader_part *add_part(struct reader *r, GMimeObject *o, unsigned depth)
{
    if (r->nparts == READER_PARTS) {
        r->left_out++;
        return NULL;
    }
    struct reader_part *p = &r->parts[r->nparts++];
    GMimeContentType *type = g_mime_object_get_content_type(o);
    char *mime = type ? g_mime_content_type_get_mime_type(type) : NULL;
    p->type = xstrdup(mime ? mime : "text/plain");
    g_free(mime);
    p->depth = depth;
    p->object = o;
    p->whole = is_kind(o, g_mime_part_get_type());
    const char *name = p->whole ? g_mime_part_get_filename((GMimePart *)o) : NULL;
    p->name = xstrdup(name ? name : "");
    const char *how = g_mime_object_get_disposition(o);
    p->attachment = (how && !strcasecmp(how, "attachment")) || *p->name;
    return p;
}

/* The beginning of a text part that is longer than what is ever shown, or NULL. GMime decodes parts
 * as a whole, so it is given a part that ends there. */
static GMimeTextPart *beginning(GMimePart *p)
{
    enum { MOST = 6 * READER_TEXT }; /* quoted-printable needs three octets for one */
    GMimeDataWrapper *all = g_mime_part_get_content(p);
    GMimeStream *from = all ? g_mime_data_wrapper_get_stream(all) : NULL;
    const char *charset = g_mime_object_get_content_type_parameter((GMimeObject *)p, "charset");
    if (!from || g_mime_stream_length(from) <= MOST)
        return NULL;
    GMimeStream *piece = g_mime_stream_substream(from, from->bound_start, from->bound_start + MOST);
    GMimeDataWrapper *some =
        g_mime_data_wrapper_new_with_stream(piece, g_mime_data_wrapper_get_encoding(all));
    GMimeTextPart *out = g_mime_text_part_new();
    if (charset)
        g_mime_object_set_content_type_parameter((GMimeObject *)out, "charset", charset);
    g_mime_part_set_content((GMimePart *)out, some);
    g_object_unref(some);
    g_object_unref(piece);
    return out;
}

static bool show(struct reader *r, struct reader_part *p)
{
    if (!p->whole || p->attachment || !is_kind(p->object, g_mime_text_part_get_type()))
        return false;
    GMimeTextPart *some = beginning(p->object);
    char *text = g_mime_text_part_get_text(some ? some : p->object);
    if (some)
        g_object_unref(some);
    if (!text)
        return false;
    r->cut = r->cut || some != NULL;
    if (!strcasecmp(p->type, "text/html"))
        r->cut = !html_text(text, strlen(text), READER_TEXT, &r->text) || r->cut;
    else
        add_text(r, text, strlen(text));
    g_free(text);
    p->shown = true;
    return true;
}

/* Lists what is below o. */
static void walk(struct reader *r, GMimeObject *o, unsigned depth)
{
    struct reader_part *p = add_part(r, o, depth);
    if (!p)
        return;
    if (depth >= READER_DEPTH) {
        r->left_out++;
        return;
    }
    if (is_kind(o, g_mime_multipart_get_type())) {
        int n = g_mime_multipart_get_count((GMimeMultipart *)o);
        for (int i = 0; i < n; i++)
            walk(r, g_mime_multipart_get_part((GMimeMultipart *)o, i), depth + 1);
    } else if (is_kind(o, g_mime_message_part_get_type())) {
        GMimeMessage *m = g_mime_message_part_get_message((GMimeMessagePart *)o);
        if (m && g_mime_message_get_mime_part(m))
            walk(r, g_mime_message_get_mime_part(m), depth + 1);
    }
}

/* The text that is read first: the first text/plain that is no attachment, else the first HTML. */
static void choose(struct reader *r)
{
    static const char *const kinds[] = {"text/plain", "text/html", "text/"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < r->nparts; i++)
            if (!strncasecmp(r->parts[i].type, kinds[k], strlen(kinds[k])) && show(r, &r->parts[i]))
                return;
}

static size_t count_of(const char *p, size_t n, const char *what, size_t most)
{
    size_t len = strlen(what), count = 0;
    for (const char *at = p; count <= most && (at = memmem(at, n - (size_t)(at - p), what, len));
         at += len)
        count++;
    return count;
}

/* GMime walks into multiparts by recursion, so that a letter of 100,000 of them would end us, and
 * makes objects of each part, so that one of as many would hold us up. */
static bool too_much(const char *p, size_t n)
{
    size_t boundaries = count_of(p, n, "boundary", READER_BOUNDARIES);
    return boundaries > READER_BOUNDARIES ||
           (boundaries && count_of(p, n, "\n--", READER_PIECES) > READER_PIECES);
}

static bool parse(struct reader *r, const char *p, size_t n)
{
    r->raw = too_much(p, n);
    if (r->raw || !ready())
        return false;
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(p, n);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    if (!m)
        return false;
    r->message = m;
    if (g_mime_message_get_mime_part(m))
        walk(r, g_mime_message_get_mime_part(m), 0);
    choose(r);
    return true;
}
#else
static bool parse(struct reader *r, const char *p, size_t n)
{
    (void)r, (void)p, (void)n;
    return false;
}
#endif

void reader_open(struct reader *r, const char *p, size_t n)
{
    *r = (struct reader){0};
    buf_init(&r->text, 4 * READER_TEXT);
    r->from = field(p, n, "From");
    r->to = field(p, n, "To");
    r->subject = field(p, n, "Subject");
    r->date = field(p, n, "Date");
    split_from(r);
    r->parts = xcalloc(READER_PARTS, sizeof *r->parts);
    if (parse(r, p, n))
        return;
    struct mailtext m;
    mailtext_parse(&m, p, n);
    add_text(r, m.body, m.nbody);
    mailtext_clear(&m);
}

void reader_clear(struct reader *r)
{
    for (size_t i = 0; i < r->nparts; i++) {
        free(r->parts[i].type);
        free(r->parts[i].name);
    }
    free(r->parts);
    free(r->from);
    free(r->from_name);
    free(r->from_address);
    free(r->to);
    free(r->subject);
    free(r->date);
    buf_clear(&r->text);
#ifdef HAVE_GMIME
    if (r->message)
        g_object_unref(r->message);
#endif
    *r = (struct reader){0};
}

bool reader_save(const struct reader *r, size_t i, const char *path, char *why, size_t size)
{
    if (i >= r->nparts || !r->parts[i].whole) {
        snprintf(why, size, "part %zu is none that can be saved by itself", i + 1);
        return false;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        snprintf(why, size, "%s cannot be written: %s", path,
                 errno == EEXIST ? "it exists, and is not overwritten" : strerror(errno));
        return false;
    }
    bool ok = false;
#ifdef HAVE_GMIME
    GMimeStream *to = g_mime_stream_fs_new(fd); /* closes fd */
    GMimeDataWrapper *content = g_mime_part_get_content((GMimePart *)r->parts[i].object);
    errno = 0;
    ok = content && g_mime_data_wrapper_write_to_stream(content, to) >= 0 &&
         g_mime_stream_flush(to) == 0;
    g_object_unref(to);
#else
    close(fd);
#endif
    if (!ok) {
        snprintf(why, size, "%s was not written: %s", path, errno ? strerror(errno) : "no content");
        unlink(path);
    }
    return ok;
}
