/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hand-out: a row for each command with its reply wherever that stands, cells that no text can
 * break, an empty column on demand; and files that are never written over or left half-written. */
#include "tests/support/check.h"
#include "heloscope/report.h"
#include "heloscope/transcript.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct transcript *t;

static const struct proto *smtp(void)
{
    bool tls;
    unsigned short port;
    return proto_find("smtp", 4, &tls, &port);
}

static size_t said(uint32_t exchange, const char *text)
{
    struct moment m = {.proto = smtp(), .exchange = exchange};
    m.proto->begin(&m.before);
    m.proto->command(&m.before, NULL, text, strcspn(text, "\n"), &m.command);
    m.after = m.before;
    return transcript_add(t, ITEM_CLIENT, MARK_NONE, &m, text, strlen(text), 0);
}

static size_t replied(uint32_t exchange, enum item_mark mark, int code, const char *text)
{
    struct moment m = {.proto = smtp(), .exchange = exchange};
    m.proto->begin(&m.before);
    m.after = m.before;
    m.reply.code = code;
    m.reply.cls = mark == MARK_PERM ? REPLY_PERM : REPLY_OK;
    return transcript_add(t, ITEM_SERVER, mark, &m, text, strlen(text), 0);
}

static void event(enum event_kind kind, const char *text)
{
    struct moment m = {.proto = smtp(), .event = kind};
    transcript_add(t, ITEM_EVENT, MARK_EVENT, &m, text, strlen(text), 0);
}

static int up(void **state)
{
    (void)state;
    t = transcript_new(0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    transcript_free(t);
    return 0;
}

static char *written(enum report_format how)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_true(report_write(f, transcript_source(t), how));
    assert_int_equal(fclose(f), 0);
    return text;
}

static void has(enum report_format how, const char *want, bool yes)
{
    char *text = written(how);
    if ((strstr(text, want) != NULL) != yes)
        fail_msg("\"%s\" is %s:\n%s", want, yes ? "missing" : "there", text);
    free(text);
}

static void rows(void **state)
{
    char letter[4000] = "";
    (void)state;
    event(EVENT_NOTE, "Practice: password apple-pie");
    event(EVENT_CONNECTED, "connected");
    replied(0, MARK_OK, 220, "220 mx.example ready\n");
    said(1, "MAIL FROM:<a|b*`c`@[192.0.2.1]>\n");
    said(2, "RCPT TO:<x@mx.example>\n");
    said(3, "NOOP\n");
    size_t mail = replied(1, MARK_OK, 250, "250-first\n250 <b onload=x>&amp; \033[2J\n");
    replied(2, MARK_PERM, 550, "550 5.1.1 no such user\n");
    transcript_remark(t, mail, "lesson: *said* by the teacher");
    for (int i = 0; i < 70; i++)
        snprintf(letter + strlen(letter), sizeof letter - strlen(letter), "line %d of it\n", i);
    said(0, letter);
    /* replies stand beside their commands, whatever came between */
    has(REPORT_MARKDOWN,
        "| MAIL FROM:&lt;a\\|b\\*\\`c\\`@\\[192.0.2.1\\]\\> | 250-first<br>250 &lt;b "
        "onload=x\\>&amp;amp; "
        "^\\[\\[2J | lesson: \\*said\\* by the teacher<br>",
        true);
    has(REPORT_MARKDOWN, "| RCPT TO:&lt;x@mx.example\\> | 550 5.1.1 no such user | ", true);
    has(REPORT_MARKDOWN, "Who can mend it: ", true);
    has(REPORT_MARKDOWN, "\n| NOOP | | |\n", true); /* nobody answered */
    has(REPORT_MARKDOWN, "\n| | 220 mx.example ready | ", true);
    has(REPORT_MARKDOWN, "line 59 of it<br>\\[and 10 lines more\\] |", true);
    has(REPORT_MARKDOWN, "line 60 of it", false);
    has(REPORT_MARKDOWN, "apple-pie", false);
    has(REPORT_MARKDOWN, "connected", false);
    has(REPORT_MARKDOWN_BLANK, "| RCPT TO:&lt;x@mx.example\\> | 550 5.1.1 no such user | |\n",
        true);
    has(REPORT_MARKDOWN_BLANK, "Who can mend it", false);
    has(REPORT_MARKDOWN_BLANK, "by the teacher", false);
    has(REPORT_HTML,
        "<tr><td class=\"t\">MAIL FROM:&lt;a|b*`c`@[192.0.2.1]&gt;</td><td "
        "class=\"t\">250-first<br>250 &lt;b onload=x&gt;&amp;amp; ^[[2J</td><td>lesson: *said* by "
        "the teacher<br>",
        true);
    has(REPORT_HTML, "<td class=\"t permanent\">550 5.1.1 no such user</td><td>", true);
    has(REPORT_HTML_BLANK, "550 5.1.1 no such user</td><td class=\"blank\"></td></tr>\n", true);
    has(REPORT_HTML_BLANK, "Who can mend it", false);
    has(REPORT_HTML_BLANK, "</table>\n</body>\n</html>\n", true);
    has(REPORT_HTML, "apple-pie", false);
    for (int how = REPORT_MARKDOWN; how <= REPORT_HTML_BLANK; how++)
        has((enum report_format)how, "\033", false);
    /* each reply once */
    char *text = written(REPORT_MARKDOWN);
    assert_null(strstr(strstr(text, "550 5.1.1 no such user |") + 1, "550 5.1.1 no such user |"));
    free(text);
}

static void suffixes(void **state)
{
    static const struct {
        const char *path;
        enum report_format how;
    } all[] = {{"a.md", REPORT_MARKDOWN}, {"/x/a.blank.md", REPORT_MARKDOWN_BLANK},
               {"a.HTML", REPORT_HTML},   {"a.blank.html", REPORT_HTML_BLANK},
               {"a.jsonl", REPORT_JSONL}, {"a.txt", REPORT_TEXT},
               {"md", REPORT_TEXT},       {"a.md.txt", REPORT_TEXT},
               {"", REPORT_TEXT}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (report_format_of(all[i].path) != all[i].how)
            fail_msg("%s", all[i].path);
}

static unsigned files_in(const char *dir)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void files(void **state)
{
    char dir[] = "handout-XXXXXX", path[64], why[300];
    struct stat st;
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a.md", dir);
    const struct source *src = transcript_source(t);
    assert_true(report_save(path, src, REPORT_MARKDOWN, false, why, sizeof why));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_false(report_save(path, src, REPORT_MARKDOWN_BLANK, false, why, sizeof why));
    assert_non_null(strstr(why, "a.md: File exists"));
    struct stat then;
    assert_int_equal(stat(path, &then), 0);
    assert_int_equal(then.st_size, st.st_size);
    assert_true(report_save(path, src, REPORT_MARKDOWN_BLANK, true, why, sizeof why));
    assert_int_equal(stat(path, &then), 0);
    assert_true(then.st_size < st.st_size);
    assert_int_equal(files_in(dir), 1); /* nothing half-written lies about */
    unlink(path);
    rmdir(dir);
    assert_false(report_save(path, src, REPORT_HTML, false, why, sizeof why));
    assert_non_null(strstr(why, "No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows), cmocka_unit_test(suffixes),
                                       cmocka_unit_test(files)};
    return cmocka_run_group_tests(tests, up, down);
}
