/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The letters that lie in student's maildrop when a practice world begins: something to LIST, TOP
 * and RETR, one with lines that begin with a dot (RFC 1939 3), one in parts (RFC 2046), one with an
 * encoded word (RFC 2047). */
#include "practice/mailbox.h"

#include "heloscope/practice.h"

#include <stdio.h>
#include <string.h>

struct welcome {
    const char *from; /* envelope */
    const char *header_and_body;
};

static const struct welcome letters[] = {
    {"teacher@" PRACTICE_HOST, "From: Your Teacher <teacher@" PRACTICE_HOST ">\r\n"
                               "To: student@" PRACTICE_HOST "\r\n"
                               "Subject: Welcome to the practice world\r\n"
                               "\r\n"
                               "This letter waited in your maildrop. You read it with RETR 1.\r\n"
                               "\r\n"
                               "Nothing that you do here leaves this program. Try:\r\n"
                               "  LIST       the letters and their sizes in octets\r\n"
                               "  TOP 2 0    only the header of letter 2\r\n"
                               "  DELE 1     marks letter 1; it goes when you say QUIT\r\n"
                               "  RSET       takes the mark away again\r\n"},
    {"teacher@" PRACTICE_HOST,
     "From: Your Teacher <teacher@" PRACTICE_HOST ">\r\n"
     "To: student@" PRACTICE_HOST "\r\n"
     "Subject: Lines that begin with a dot\r\n"
     "\r\n"
     "The next line begins with one dot, and the one after it is a lone dot:\r\n"
     ".signature\r\n"
     ".\r\n"
     "Yet the letter goes on. On the wire both got a second dot in front, or the\r\n"
     "lone one would have ended the letter. That is dot-stuffing.\r\n"},
    {"newsletter@shop.example",
     "From: =?UTF-8?Q?Caf=C3=A9_am_Markt?= <newsletter@shop.example>\r\n"
     "To: student@" PRACTICE_HOST "\r\n"
     "Subject: =?UTF-8?Q?Apple_pie_=E2=80=93_today_only?=\r\n"
     "MIME-Version: 1.0\r\n"
     "Content-Type: multipart/alternative; boundary=\"=-part-42\"\r\n"
     "\r\n"
     "A mail program shows one of the parts below, not this line.\r\n"
     "--=-part-42\r\n"
     "Content-Type: text/plain; charset=utf-8\r\n"
     "Content-Transfer-Encoding: quoted-printable\r\n"
     "\r\n"
     "Apple pie, 3=E2=82=AC. See https://shop.example/pie\r\n"
     "--=-part-42\r\n"
     "Content-Type: text/html; charset=utf-8\r\n"
     "Content-Transfer-Encoding: base64\r\n"
     "\r\n"
     "PHA+QXBwbGUgcGllLCAz4oKsLiA8YSBocmVmPSJodHRwczovL3Nob3AuZXhhbXBsZS9waWUiPkxv\r\n"
     "b2s8L2E+PC9wPg0K\r\n"
     "--=-part-42--\r\n"},
};

void store_welcome(struct store *s)
{
    char date[48];
    date_822(date, sizeof date);
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        struct buf b;
        buf_init(&b, 8192);
        buf_addf(&b,
                 "Received: from localhost (localhost [127.0.0.1])\r\n\tby " PRACTICE_HOST
                 " with LMTP id WELCOME%zu;\r\n\t%s\r\nDate: %s\r\nMessage-ID: "
                 "<welcome.%zu@" PRACTICE_HOST ">\r\n%s",
                 i + 1, date, date, i + 1, letters[i].header_and_body);
        struct letter *l = letter_new(s, buf_str(&b), b.len);
        store_deliver(s, ACCOUNT_STUDENT, l, letters[i].from, "student@" PRACTICE_HOST);
        letter_unref(s, l);
        buf_clear(&b);
    }
}
