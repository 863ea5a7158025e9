/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The letters that need MIME: attachments, header fields outside ASCII (RFC 2045 to 2047), by
 * GMime. This file alone knows it. */
#include <config.h>

#include "heloscope/compose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef HAVE_GMIME
bool compose_mime(const struct compose *c, const char *head, struct buf *out, char *why,
                  size_t size)
{
    (void)c, (void)head, (void)out;
    snprintf(why, size,
             "attachments and headers outside ASCII need GMime, which this program was "
             "built without: --data sends a letter made elsewhere");
    return false;
}
#else
#include "core/lazy/gmime.gen.h"

#include <fcntl.h>
#include <unistd.h>

#define ATTACHMENT_MAX ((size_t)64 << 20)

static bool read_all(const char *path, GByteArray *into, char *why, size_t size)
{
    guint8 part[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 0;
    while (fd >= 0 && ((n = read(fd, part, sizeof part)) > 0 || (n < 0 && errno == EINTR))) {
        if (n > 0)
            g_byte_array_append(into, part, (guint)n);
        if (into->len > ATTACHMENT_MAX) {
            errno = EFBIG;
            n = -1;
            break;
        }
    }
    if (n < 0)
        snprintf(why, size, "%s cannot be read: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return n == 0;
}

static GMimePart *part_of(const GByteArray *octets, const char *type, const char *subtype)
{
    GMimePart *part = g_mime_part_new_with_type(type, subtype);
    GMimeStream *stream =
        g_mime_stream_mem_new_with_buffer((const char *)octets->data, octets->len);
    GMimeDataWrapper *content =
        g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, content);
    g_object_unref(content);
    g_object_unref(stream);
    return part;
}

static bool attach(GMimeMultipart *to, const char *path, char *why, size_t size)
{
    GByteArray *octets = g_byte_array_new();
    bool ok = read_all(path, octets, why, size);
    if (ok) {
        const char *slash = strrchr(path, '/');
        bool text = octets->len > 0 &&
                    g_utf8_validate((const char *)octets->data, (gssize)octets->len, NULL);
        GMimePart *part =
            part_of(octets, text ? "text" : "application", text ? "plain" : "octet-stream");
        if (text)
            g_mime_object_set_content_type_parameter((GMimeObject *)part, "charset", "utf-8");
        g_mime_object_set_disposition((GMimeObject *)part, "attachment");
        g_mime_part_set_filename(part, slash ? slash + 1 : path);
        g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
        g_mime_multipart_add(to, (GMimeObject *)part);
        g_object_unref(part);
    }
    g_byte_array_free(octets, TRUE);
    return ok;
}

/* "Name: value" lines, folded ones joined, into the message. */
static void set_headers(GMimeObject *message, const char *head)
{
    while (*head) {
        const char *end = head;
        do {
            end += strcspn(end, "\n");
            end += *end == '\n';
        } while (*end == ' ');
        size_t n = (size_t)(end - head), colon = strcspn(head, ":");
        char *name = g_strndup(head, colon);
        char *value = g_strndup(head + colon + 1, n - colon - 2);
        g_mime_object_append_header(message, name, g_strchug(g_strchomp(value)), "utf-8");
        g_free(name);
        g_free(value);
        head = end;
    }
}

bool compose_mime(const struct compose *c, const char *head, struct buf *out, char *why,
                  size_t size)
{
    static bool ready;
    if (!lazy_ready(gmime, why, size))
        return false;
    if (!ready)
        g_mime_init();
    ready = true;
    GMimeMessage *message = g_mime_message_new(FALSE);
    GByteArray *body = g_byte_array_new();
    g_byte_array_append(body, (const guint8 *)c->body, (guint)c->nbody);
    GMimePart *text = part_of(body, "text", "plain");
    bool ok = true;
    g_mime_object_set_content_type_parameter((GMimeObject *)text, "charset", "utf-8");
    g_mime_part_set_content_encoding(
        text, g_mime_part_get_best_content_encoding(text, GMIME_ENCODING_CONSTRAINT_7BIT));
    set_headers((GMimeObject *)message, head);
    if (c->nattach > 0) {
        GMimeMultipart *all = g_mime_multipart_new_with_subtype("mixed");
        g_mime_multipart_add(all, (GMimeObject *)text);
        for (size_t i = 0; ok && i < c->nattach; i++)
            ok = attach(all, c->attach[i], why, size);
        g_mime_message_set_mime_part(message, (GMimeObject *)all);
        g_object_unref(all);
    } else
        g_mime_message_set_mime_part(message, (GMimeObject *)text);
    if (ok) {
        char *whole = g_mime_object_to_string((GMimeObject *)message, NULL);
        ok = buf_add_str(out, whole);
        if (!ok)
            snprintf(why, size, "the letter is larger than %zu MiB", out->max >> 20);
        g_free(whole);
    }
    g_object_unref(text);
    g_byte_array_free(body, TRUE);
    g_object_unref(message);
    return ok;
}
#endif
