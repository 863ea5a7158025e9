/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The panes on a source made here: what stands where, what moves, and what a move costs the
 * terminal. */
#include "tests/support/check.h"
#include "heloscope/buf.h"
#include "heloscope/search.h"
#include "tests/unit/screenful.h"
#include "tui/panes.h"
#include "tui/text.h"
#include "tui/theme.h"

/* -- a source ------------------------------------------------------------------------------------
 */

static struct row {
    enum item_kind kind;
    enum item_mark mark;
    const char *text; /* lines end with \n */
    uint32_t exchange, took_us;
    int caps_new, caps_gone, caps_changed;
    const char *remark;
    unsigned notes;
    bool stuffed;
} rows[64];
static size_t nrows;
static uint64_t generation;
static size_t asked;        /* how often an item was asked for */
static uint64_t body_lines; /* > 0: the last row is a body of so many lines */
static size_t many;         /* > 0: so many items, all alike */

static size_t fake_count(void *self)
{
    (void)self;
    return many ? many : nrows;
}

static bool fake_item(void *self, size_t i, struct item *out)
{
    (void)self;
    asked++;
    memset(out, 0, sizeof *out);
    if (i >= fake_count(NULL))
        return false;
    if (many) {
        out->kind = ITEM_TEXT;
        out->lines = 1;
        if (i % 1000 == 7)
            out->kind = ITEM_SERVER, out->mark = MARK_PERM;
        return true;
    }
    const struct row *r = &rows[i];
    out->kind = r->kind;
    out->mark = r->mark;
    out->exchange = r->exchange;
    out->took_us = r->took_us;
    out->caps_new = r->caps_new;
    out->caps_gone = r->caps_gone;
    out->caps_changed = r->caps_changed;
    out->remark = r->remark;
    out->notes = r->notes;
    out->stuffed = r->stuffed;
    out->lines = 1;
    for (const char *p = r->text; (p = strchr(p, '\n')); p++)
        out->lines++;
    if (body_lines && i == nrows - 1)
        out->lines = body_lines;
    return true;
}

static bool fake_line(void *self, size_t i, uint64_t k, struct span *out)
{
    static char made[64];
    (void)self;
    if (i >= fake_count(NULL))
        return false;
    if (many || (body_lines && i == nrows - 1 && k > 0)) {
        out->n = (size_t)snprintf(made, sizeof made, "line %zu of the body", many ? i : (size_t)k);
        out->p = made;
        return true;
    }
    const char *p = rows[i].text;
    while (k-- > 0) {
        p = strchr(p, '\n');
        if (!p)
            return false;
        p++;
    }
    out->p = p;
    out->n = strcspn(p, "\n");
    return true;
}

static bool fake_moment(void *self, size_t i, struct moment *out)
{
    (void)self;
    memset(out, 0, sizeof *out);
    if (!many && rows[i].mark == MARK_PERM) {
        out->reply.cls = REPLY_PERM;
        out->reply.code = 550;
        out->reply.eclass = 5;
        out->reply.esubject = out->reply.edetail = 1;
    }
    return true;
}

static bool fake_find(void *self, const struct search *s, const struct place *from, bool back,
                      struct place *hit)
{
    size_t at, len;
    struct span l;
    struct item it;
    (void)self;
    for (size_t i = back ? from->item : from->item; i < fake_count(NULL) + (back ? 1 : 0);
         i += back ? (size_t)-1 : 1) {
        if (!fake_item(NULL, i, &it))
            continue;
        for (uint64_t j = 0; j < it.lines; j++) {
            uint64_t k = back ? it.lines - 1 - j : j;
            if (i == from->item && (back ? k >= from->line : k <= from->line))
                continue;
            if (fake_line(NULL, i, k, &l) && search_text(s, l.p, l.n, 0, &at, &len)) {
                *hit = (struct place){i, k};
                return true;
            }
        }
        if (i == 0 && back)
            break;
    }
    return false;
}

static bool fake_problem(void *self, size_t i, bool back, size_t *hit)
{
    struct item it;
    (void)self;
    for (size_t k = back ? i - 1 : i + 1; k < fake_count(NULL); k += back ? (size_t)-1 : 1)
        if (fake_item(NULL, k, &it) &&
            (it.mark == MARK_TEMP || it.mark == MARK_PERM || it.mark == MARK_WARN)) {
            *hit = k;
            return true;
        }
    return false;
}

static uint64_t fake_generation(void *self)
{
    (void)self;
    return generation;
}

static const struct source source = {NULL,        fake_count, fake_item,    fake_line,
                                     fake_moment, fake_find,  fake_problem, fake_generation,
                                     NULL,        NULL};

/* -- what the panes ask of others; weak, so that the real ones win where both are linked
 * ----------- */

struct ui ui;
static struct tab tab;

__attribute__((weak)) struct tab *ui_tab(struct ui *u)
{
    return u->current >= 0 ? u->tabs[u->current] : NULL;
}

__attribute__((weak)) bool know_explain(enum item_kind kind, const struct moment *m, unsigned notes,
                                        const char *line, size_t n, struct explanation *e)
{
    (void)notes, (void)line, (void)n;
    memset(e, 0, sizeof *e);
    if (kind == ITEM_SERVER && m->reply.code == 550) {
        e->gutter = "permanent: retrying will not help";
        e->code = "550 = mailbox unavailable";
        e->enhanced = "5.1.1 = the part left of @ is unknown";
        e->what = "The server knows no such mailbox; it has refused this recipient only.";
        e->decided = "the receiving server";
        e->mends = "the sender (typo?) or its admin";
        e->next = "RCPT another address, or RSET. The transaction is still open.";
        e->ref = "RFC 5321 4.2.3, RFC 3463";
    } else if (kind == ITEM_CLIENT) {
        e->what =
            "It begins a transaction and names the envelope sender; the server need not check it.";
        e->next = "RCPT TO:<address>";
        e->ref = "RFC 5321 4.1.1.2";
    }
    return e->ref != NULL;
}

__attribute__((weak)) const struct know_cap *know_cap(const char *proto, const char *keyword,
                                                      size_t n)
{
    (void)proto, (void)keyword, (void)n;
    return NULL;
}

__attribute__((weak)) size_t know_cap_words(const char *proto, const char *keyword,
                                            const char *params, char *out, size_t size)
{
    (void)proto;
    return (size_t)snprintf(out, size, "%s with %s", keyword, params);
}

static void say(enum item_kind kind, enum item_mark mark, const char *text)
{
    struct row *r = &rows[nrows++];
    static uint32_t exchange;
    memset(r, 0, sizeof *r);
    if (nrows == 1)
        exchange = 0;
    r->kind = kind;
    r->mark = mark;
    r->text = text;
    if (kind == ITEM_CLIENT)
        r->exchange = ++exchange;
    else if (kind == ITEM_SERVER)
        r->took_us = 8000;
    generation++;
}

static void draw(void)
{
    layout_compute(&ui, 1, true);
    erase();
    header_draw(&ui);
    tabbar_draw(&ui);
    if (ui.layout.talk.h)
        talk_draw(&ui, tab.talk, ui.layout.talk);
    why_draw(&ui);
    caps_draw(&ui);
    keybar_draw(&ui);
    int y, x;
    if (panes_cursor(&ui, &y, &x))
        move(y, x);
    else
        move(ui.layout.editor.y, 6);
    wnoutrefresh(stdscr);
    doupdate();
}

static int start(void **state)
{
    int rows_of_screen = *state ? ((int *)*state)[0] : 24, cols = *state ? ((int *)*state)[1] : 80;
    char why[64];
    screenful_open(rows_of_screen, cols);
    theme_load(NULL, why, sizeof why);
    nrows = body_lines = many = 0;
    memset(&ui, 0, sizeof ui);
    memset(&tab, 0, sizeof tab);
    tab.source = &source;
    tab.talk = talk_new(&source);
    tab.name = "127.0.0.1";
    ui.tabs[0] = &tab;
    ui.ntabs = 1;
    ui.focus = FOCUS_TALK;
    ui.small_pane = FOCUS_TALK;
    ui.annotate = ANNOTATE_NEWEST;
    ui.rows = LINES;
    ui.cols = COLS;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    talk_free(tab.talk);
    screenful_close();
    return 0;
}

static void a_talk(void)
{
    say(ITEM_SERVER, MARK_OK, "220 practice.example ESMTP ready");
    say(ITEM_CLIENT, MARK_NONE, "EHLO laptop.example");
    say(ITEM_SERVER, MARK_OK, "250-practice.example greets you\n250-SIZE 1\n250 HELP");
    rows[nrows - 1].caps_new = 2;
    say(ITEM_EVENT, MARK_EVENT, "TLS 1.3 up");
    say(ITEM_CLIENT, MARK_NONE, "MAIL FROM:<ceo@bank.example>");
    say(ITEM_SERVER, MARK_OK, "250 2.1.0 Sender ok");
    say(ITEM_CLIENT, MARK_NONE, "RCPT TO:<nobody@practice.example>");
    say(ITEM_SERVER, MARK_PERM, "550 5.1.1 No such user here");
    talk_update(&ui, tab.talk);
}

static bool row_has(int y, const char *text)
{
    return strstr(screenful_row(y), text) != NULL;
}

static int find_row(const char *text)
{
    for (int y = 0; y < LINES; y++)
        if (row_has(y, text))
            return y;
    screenful_dump();
    fail_msg("not on the screen: %s", text);
    return -1;
}

/* -- tests ---------------------------------------------------------------------------------------
 */

static void rows_say_who_and_what(void **state)
{
    (void)state;
    a_talk();
    draw();
    assert_int_equal(find_row("   S: + 220 practice.example ESMTP ready"), 1);
    find_row(" 1 C:   EHLO laptop.example");
    find_row("caps: +2");
    find_row("   S: + 250-practice.example greets you");
    find_row("[+2 lines]");
    find_row("   --   TLS 1.3 up");
    int y = find_row("550 5.1.1 No such");
    assert_true(row_has(y, "   S: ! 550 5.1.1 No such user here"));
    assert_string_equal(screenful_row(y),
                        ">   S: ! 550 5.1.1 No such user here                     |");
    /* The cursor is on the selected item. */
    assert_int_equal(getcury(stdscr), y);
    /* Reverse video, not colour alone. */
    assert_true(mvinch(y, 9) & A_REVERSE);
    assert_false(mvinch(y - 1, 9) & A_REVERSE);
    find_row("[ why 550 5.1.1 ]");
    find_row("[ 8/8 ]");
}

static void the_selection_moves_by_items(void **state)
{
    (void)state;
    a_talk();
    draw();
    assert_true(talk_on_tail(tab.talk));
    talk_move(tab.talk, -1);
    assert_int_equal(talk_selected(tab.talk), 6);
    assert_false(talk_on_tail(tab.talk));
    /* News does not move it now. */
    say(ITEM_CLIENT, MARK_NONE, "QUIT");
    talk_update(&ui, tab.talk);
    assert_int_equal(talk_selected(tab.talk), 6);
    talk_tail(tab.talk);
    say(ITEM_SERVER, MARK_OK, "221 2.0.0 bye");
    talk_update(&ui, tab.talk);
    assert_int_equal(talk_selected(tab.talk), 9);
    talk_top(tab.talk);
    assert_int_equal(talk_selected(tab.talk), 0);
    talk_move(tab.talk, -1);
    assert_int_equal(talk_selected(tab.talk), 0);
    talk_move(tab.talk, 100);
    assert_int_equal(talk_selected(tab.talk), 9);
    assert_true(talk_on_tail(tab.talk));
    draw();
    find_row(">   S: + 221 2.0.0 bye");
}

static void a_reply_unfolds(void **state)
{
    (void)state;
    a_talk();
    talk_select(tab.talk, 2);
    talk_fold(tab.talk);
    draw();
    int y = find_row("250-practice.example greets you");
    assert_false(row_has(y, "[+2"));
    assert_true(row_has(y + 1, "250-SIZE 1"));
    assert_true(row_has(y + 2, "250 HELP"));
    /* Inside of it one moves by lines. */
    talk_move(tab.talk, 2);
    assert_int_equal(talk_selected(tab.talk), 2);
    talk_move(tab.talk, 1);
    assert_int_equal(talk_selected(tab.talk), 3);
    talk_select(tab.talk, 2);
    talk_fold(tab.talk);
    draw();
    assert_true(row_has(y, "[+2 lines]"));
}

static void problems_search_and_filter(void **state)
{
    char why[256];
    (void)state;
    a_talk();
    say(ITEM_CLIENT, MARK_NONE, "NOOP");
    talk_top(tab.talk);
    assert_true(talk_problem(tab.talk, false));
    assert_int_equal(talk_selected(tab.talk), 7);
    assert_false(talk_problem(tab.talk, false));
    assert_false(talk_search(tab.talk, "nowhere", false, why, sizeof why));
    assert_string_equal(why, "not found: nowhere");
    assert_false(talk_search(tab.talk, "(", false, why, sizeof why));
    assert_true(why[0]);
    assert_true(talk_search(tab.talk, "practice", false, why, sizeof why));
    assert_int_equal(talk_selected(tab.talk), 0);
    assert_string_equal(why, "searched on from the beginning");
    /* In the folded reply's last line: it opens. */
    assert_true(talk_search(tab.talk, "HELP", false, why, sizeof why));
    assert_int_equal(talk_selected(tab.talk), 2);
    draw();
    int y = find_row("250 HELP");
    assert_int_equal(getcury(stdscr), y);
    talk_filter(tab.talk, FILTER_PROBLEMS);
    draw();
    find_row("550 5.1.1");
    for (int i = 0; i < LINES; i++)
        assert_false(row_has(i, "EHLO laptop"));
    find_row("only problems");
    talk_filter(tab.talk, FILTER_CLIENT);
    draw();
    find_row("C:   MAIL FROM");
    for (int i = 1; i < LINES - 4; i++)
        assert_false(row_has(i, "   S:"));
}

static void hostile_text_is_harmless(void **state)
{
    (void)state;
    say(ITEM_SERVER, MARK_OK, "250 \033[31mred\007 \xff \xe2\x80\xae evil \xc2\x9b end");
    talk_update(&ui, tab.talk);
    draw();
    find_row("250 ^[[31mred^G <FF> <U+202E> evil <U+009B> end");
}

static void long_lines_wrap(void **state)
{
    char *text = malloc(70001);
    (void)state;
    memset(text, 'x', 70000);
    memcpy(text, "250 word word word word word word word word word word word word last ", 69);
    text[70000] = 0;
    say(ITEM_SERVER, MARK_OK, text);
    talk_update(&ui, tab.talk);
    talk_top(tab.talk);
    draw();
    int y = find_row("250 word");
    assert_true(row_has(y + 1, "last"));
    /* G shows the end of it, where the cut is said aloud. */
    talk_tail(tab.talk);
    draw();
    find_row("octets of this line]");
    talk_scroll(tab.talk, -1);
    draw();
    find_row("xxxxxxxx");
    free(text);
}

static void a_huge_body_costs_what_is_shown(void **state)
{
    (void)state;
    a_talk();
    say(ITEM_CLIENT, MARK_NONE, "RETR 1");
    say(ITEM_SERVER, MARK_OK, "+OK 200000000 octets");
    body_lines = 2700000;
    talk_update(&ui, tab.talk);
    draw();
    find_row("[+2699999 lines]");
    talk_fold(tab.talk);
    draw();
    find_row("+OK 200000000 octets");
    find_row("line 3 of the body");
    asked = 0;
    talk_tail(tab.talk);
    draw();
    find_row("line 2699999 of the body");
    talk_scroll(tab.talk, -1);
    draw();
    talk_move(tab.talk, -1);
    draw();
    assert_in_range(asked, 1, 600);
    find_row("line 2699980 of the body");
}

static void two_million_items_cost_what_is_shown(void **state)
{
    (void)state;
    many = 2000000;
    generation++;
    asked = 0;
    talk_update(&ui, tab.talk);
    draw();
    find_row("line 1999999 of the body");
    talk_top(tab.talk);
    draw();
    find_row("line 0 of the body");
    talk_scroll(tab.talk, 1);
    draw();
    find_row("line 20 of the body");
    assert_in_range(asked, 1, 1000);
}

static void raw_bytes_show_line_ends(void **state)
{
    (void)state;
    say(ITEM_CLIENT, MARK_NONE, "NOOP \xc3\xa9");
    say(ITEM_SERVER, MARK_OK, "250 ok");
    rows[1].notes = 1; /* NOTE_BARE_LF */
    ui.annotate = ANNOTATE_RAW;
    talk_update(&ui, tab.talk);
    draw();
    find_row("NOOP <C3><A9><CR><LF>");
    find_row("250 ok<LF>");
}

static void dots_are_unstuffed(void **state)
{
    (void)state;
    say(ITEM_SERVER, MARK_OK, "+OK\n..signature\n.");
    rows[0].stuffed = true;
    talk_update(&ui, tab.talk);
    talk_fold(tab.talk);
    draw();
    int y = find_row(".signature");
    assert_null(strstr(screenful_row(y), ".."));
    assert_true(row_has(y + 1, "        ."));
}

static void a_move_is_cheap(void **state)
{
    (void)state;
    a_talk();
    draw();
    screenful_bytes();
    talk_move(tab.talk, -1);
    draw();
    size_t moved = screenful_bytes();
    draw();
    assert_int_equal(screenful_bytes(), 0); /* idle: nothing */
    print_message("# a selection move: %zu bytes\n", moved);
    assert_in_range(moved, 1, 400);
    talk_tail(tab.talk);
    for (int i = 0; i < 4; i++)
        a_talk();
    draw();
    screenful_bytes();
    say(ITEM_CLIENT, MARK_NONE, "RSET");
    say(ITEM_SERVER, MARK_OK, "250 2.0.0 Reset state");
    talk_update(&ui, tab.talk);
    draw();
    size_t scrolled = screenful_bytes();
    print_message("# a scrolled reply: %zu bytes\n", scrolled);
    assert_in_range(scrolled, 1, 1200);
}

static void exam_mode_tells_how_to_go_on(void **state)
{
    (void)state;
    a_talk();
    ui.annotate = ANNOTATE_NONE;
    draw();
    find_row("Explanations are off (exam)");
}

static int sizes[][2] = {{40, 120}, {20, 60}, {8, 40}};

static void every_size_shows_the_last_reply(void **state)
{
    (void)state;
    a_talk();
    draw();
    assert_true(row_has(0, "127.0.0.1"));
    find_row("550 5.1.1 No such user");
    if (LINES == 20) {
        find_row("[1 talk]");
        ui.small_pane = FOCUS_WHY;
        draw();
        find_row("[ why 550 5.1.1 ]");
    }
    if (COLS == 120)
        find_row("8.0 ms");
}

#define ON_SCREEN(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SCREEN(rows_say_who_and_what),
        ON_SCREEN(the_selection_moves_by_items),
        ON_SCREEN(a_reply_unfolds),
        ON_SCREEN(problems_search_and_filter),
        ON_SCREEN(hostile_text_is_harmless),
        ON_SCREEN(long_lines_wrap),
        ON_SCREEN(a_huge_body_costs_what_is_shown),
        ON_SCREEN(two_million_items_cost_what_is_shown),
        ON_SCREEN(raw_bytes_show_line_ends),
        ON_SCREEN(dots_are_unstuffed),
        ON_SCREEN(a_move_is_cheap),
        ON_SCREEN(exam_mode_tells_how_to_go_on),
        cmocka_unit_test_prestate_setup_teardown(every_size_shows_the_last_reply, start, stop,
                                                 sizes[0]),
        cmocka_unit_test_prestate_setup_teardown(every_size_shows_the_last_reply, start, stop,
                                                 sizes[1]),
        cmocka_unit_test_prestate_setup_teardown(every_size_shows_the_last_reply, start, stop,
                                                 sizes[2]),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
