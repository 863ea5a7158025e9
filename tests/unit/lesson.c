/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lesson files and the walk through one: good and bad files with what is said of them, right and
 * wrong turns, and that every shipped lesson can be read. */
#include "tests/support/check.h"
#include "heloscope/lesson.h"
#include "heloscope/proto.h"
#include "heloscope/whatif.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "lesson-test-XXXXXX";

static struct lesson *load(const char *text, char *why, size_t size)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return lesson_load(path, why, size);
}

static const char good[] =
    "# a comment\n"
    "title = \"First\" # another\n"
    "about = \"What one\n  knows.\"\n"
    "step {\n"
    "  say = \"Say\n hello.\n\n Twice.\"\n"
    "  verb = \"EHLO\"\n"
    "  like = \"/^ehlo +[a-z.]+$/i\"\n"
    "  reply = \"250 /greets/\"\n"
    "  hint = \"EHLO laptop.example\"\n"
    "  note = \"It greets.\"\n"
    "  question = \"Why 250?\"\n"
    "  answer = \"2 is yes.\"\n"
    "}\n"
    "step { say = \"Send it.\" verb = \"letter\" letter = \"/^From: .*bank/\" "
    "reply = \"2yz\" hint = \"From: a@bank.example\" }\n"
    "step { say = \"The end.\" }\n";

static enum lesson_news saw(struct lesson_walk *w, const char *command, const char *letter,
                            const char *reply)
{
    bool tls;
    unsigned short port;
    struct where now;
    struct moment m = {.proto = proto_find("smtp", 4, &tls, &port)};
    m.proto->begin(&now);
    if (letter)
        m.command.verb = proto_pseudo(m.proto, VERB_END);
    else
        m.proto->command(&now, NULL, command, strlen(command), &m.command);
    struct lesson_exchange x = {&m,
                                {command, strlen(command)},
                                {reply, strlen(reply)},
                                {letter, letter ? strlen(letter) : 0}};
    return lesson_saw(w, &x);
}

static void shows(const struct lesson_walk *w, const char *what, bool yes)
{
    struct buf b;
    buf_init(&b, 65536);
    lesson_text(w, &b);
    if ((strstr(buf_str(&b), what) != NULL) != yes)
        fail_msg("\"%s\" is %s: %s", what, yes ? "missing" : "there", buf_str(&b));
    buf_clear(&b);
}

static void walk(void **state)
{
    char why[500] = "", title[80];
    struct lesson_walk w;
    (void)state;
    struct lesson *l = load(good, why, sizeof why);
    if (!l)
        fail_msg("%s", why);
    assert_int_equal(l->nsteps, 3);
    assert_string_equal(l->about, "What one knows.");
    assert_string_equal(l->steps[0].say, "Say hello.\nTwice.");
    assert_string_equal(l->service, "smtp");
    lesson_begin(&w, l);
    lesson_title(&w, title, sizeof title);
    assert_string_equal(title, "1/3 First");
    shows(&w, "EHLO laptop", false);
    assert_false(lesson_on(&w));
    assert_int_equal(saw(&w, "NOOP", NULL, "250 ok"), LESSON_ASIDE);
    assert_int_equal(saw(&w, "EHLO", NULL, "501 syntax"), LESSON_TRIED);
    shows(&w, "\002EHLO laptop.example", true);
    assert_int_equal(saw(&w, "EHLO a.example", NULL, "250-x is here"), LESSON_TRIED);
    assert_int_equal(w.wrong, 2);
    assert_int_equal(saw(&w, "ehlo a.example", NULL, "250-x greets you"), LESSON_DONE);
    shows(&w, "It greets.", true);
    shows(&w, "Why 250?", true);
    shows(&w, "2 is yes.", false);
    assert_int_equal(saw(&w, "EHLO b.example", NULL, "250 greets"), LESSON_ASIDE);
    assert_true(lesson_on(&w));
    shows(&w, "2 is yes.", true);
    assert_true(lesson_on(&w));
    assert_int_equal(w.step, 1);
    assert_int_equal(saw(&w, ".", "From: me@home.example\r\n\r\nx", "250 ok"), LESSON_TRIED);
    assert_int_equal(saw(&w, ".", "To: x\r\nFrom: ceo@bank.example\r\n", "250 ok"), LESSON_DONE);
    assert_true(lesson_on(&w));
    shows(&w, "The end.", true);
    assert_true(lesson_on(&w));
    assert_true(lesson_ended(&w));
    shows(&w, "What one knows.", true);
    assert_false(lesson_on(&w));
    assert_int_equal(saw(&w, "EHLO a.example", NULL, "250 greets"), LESSON_ASIDE);
    lesson_skip(&w);
    assert_int_equal(w.step, 3);
    lesson_free(l);
}

#define HEAD "title = \"x\"\nabout = \"y\"\n"
#define ONE "step { say = \"z\" }\n"

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* A zone is looked for beside the lesson, wherever one stands. */
static void world_words(void **state)
{
    char why[500] = "";
    struct whatif w;
    (void)state;
    struct lesson *l =
        load(HEAD "policy = \"None\"\nalignment = \"strict\"\nspf = \"soft\"\nclient = "
                  "\"2001:db8::1\"\n" ONE,
             why, sizeof why);
    if (!l)
        fail_msg("%s", why);
    lesson_whatif(l, &w);
    assert_string_equal(w.policy, "None");
    assert_true(w.strict && w.soft);
    whatif_usual(&w);
    whatif_init(&w);
    assert_string_equal(w.policy, "None");
    whatif_said(&w, why, sizeof why);
    assert_string_equal(why, ""); /* the lesson's world is where it begins */
    assert_true(whatif_change(&w, "policy=reject", why, sizeof why));
    assert_true(whatif_change(&w, "alignment=relaxed", why, sizeof why));
    whatif_said(&w, why, sizeof why);
    assert_string_equal(why, "policy=reject, alignment=relaxed");
    whatif_usual(NULL);
    lesson_free(l);
    assert_int_equal(mkdir("lesson-zones", 0700), 0);
    write_file("lesson-zones/a.zone", "bank.test. TXT \"v=spf1 -all\"\n");
    write_file("lesson-zones/a.lesson", HEAD "zone = \"a.zone\"\n" ONE);
    l = lesson_load("lesson-zones/a.lesson", why, sizeof why);
    unlink("lesson-zones/a.zone");
    unlink("lesson-zones/a.lesson");
    rmdir("lesson-zones");
    if (!l)
        fail_msg("%s", why);
    assert_string_equal(l->zone, "lesson-zones/a.zone");
    lesson_whatif(l, &w);
    assert_false(whatif_change(&w, "policy=none", why, sizeof why));
    assert_non_null(strstr(why, "zone file"));
    assert_true(whatif_change(&w, "client=192.0.2.1", why, sizeof why));
    lesson_free(l);
}

/* lessons/README tells of every word. */
static void words_told(void **state)
{
    static const char *const words[] = {
#define LESSON_WORD(name, field, wanted, does) "  " name " ", does,
#define STEP_WORD(name, field, wanted, does) "  " name " ", does,
#define STEP_PATTERN(name, field, code, does) "  " name " ", does,
#include "lesson/words.def"
    };
    char file[4096], text[16384];
    const char *top = getenv("top_srcdir");
    (void)state;
    snprintf(file, sizeof file, "%s/lessons/README", top ? top : ".");
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strstr(text, words[i]))
            fail_msg("lessons/README lacks \"%s\"", words[i]);
}

static void bad_files(void **state)
{
    static const struct {
        const char *text, *line, *says;
    } rows[] = {
        {"", ":1:", "title"},
        {"title = \"x\"\n", ":1:", "about"},
        {"title = \"x\"\nabout = \"y\"\n", ":1:", "0 steps"},
        {"title = \"x\"\n# c\n# d\n\nnonsense = \"x\"\n", ":5:", "nonsense"},
        {"title = \"x\"\nabout = \"y\"\nstep {\n}\n", ":4:", "the step that ends here: say"},
        {"title = \"x\nabout = \"y\"\nstep { say = \"z\" }\n", ":", "lessons/README"},
        {"title = \"x\"\nabout = \"y\"\nservice = \"imap\"\nstep { say = \"z\" }\n", ":", "imap"},
        {"title = \"x\"\nabout = \"y\"\nfault = \"fire\"\nstep { say = \"z\" }\n", ":", "fire"},
        {"title = \"x\"\nabout = \"y\"\nstep {\nsay = \"z\"\nverb = \"RETR\" hint = \"r\"\n}\n",
         ":", "no such verb"},
        {"title = \"x\"\nabout = \"y\"\nstep {\nsay = \"z\"\nverb = \"EHLO\"\n}\n", ":", "hint"},
        {"title = \"x\"\nabout = \"y\"\nstep { say = \"z\" like = \"/x/\" }\n", ":3:", "verb"},
        {"title = \"x\"\nabout = \"y\"\nstep { say = \"z\" verb = \"NOOP\" hint = \"x\" "
         "reply = \"999\" }\n",
         ":3:", "999"},
        {"title = \"x\"\nabout = \"y\"\nstep { say = \"z\" verb = \"NOOP\" hint = \"x\" "
         "like = \"/(/\" }\n",
         ":3:", "regular expression"},
        {"title = \"x\"\nabout = \"y\"\nstep { say = \"z\" verb = \"NOOP\" hint = \"x\" "
         "like = \"/$HOME/\" }\n",
         ":3:", "variable"},
        {"title = \"x\"\nabout = \"y\"\nstep { say = \"z\" question = \"q\" }\n", ":3:", "answer"},
        {HEAD "client = \"here\"\n" ONE, ":3:", "\"here\": it is an IP address"},
        {HEAD "\npolicy = \"maybe\"\n" ONE, ":4:", "reject, quarantine, none or off"},
        {HEAD "alignment = \"near\"\n" ONE, ":3:", "relaxed or strict"},
        {HEAD "spf = \"firm\"\n" ONE, ":3:", "hard or soft"},
        {HEAD "zone = \"no-such.zone\"\n" ONE, ":3:", "no-such.zone: No such file"},
        {HEAD "title = \"again\"\n" ONE, ":3:", "title stands here for the second time"},
        {HEAD "step {\n say = \"hint = 1, hint = 2\"\n hint = \"a\"\n verb = \"NOOP\"\n hint = "
              "\"b\"\n}\n",
         ":7:", "hint stands here for the second time"},
        {HEAD "zone = \"/dev/zero\"\n" ONE, ":3:", "/dev/zero is no ordinary file"},
        {HEAD "zone = \".\"\n" ONE, ":3:", "no ordinary file"},
        {HEAD "zone = \"broken.zone\"\n" ONE, ":3:", "broken.zone:2: "},
        {HEAD "zone = \"good.zone\"\npolicy = \"none\"\n" ONE, ":4:", "does not go with zone"},
        {HEAD "step {\n say = \"verb = \\\"x\\\"\"\n\n verb = \"NOSUCH\"\n hint = \"h\"\n}\n",
         ":6:", "no such verb"},
        {HEAD ONE "step {\n say = \"z\"\n verb = \"NOOP\" hint = \"x\"\n reply = \"999\"\n}\n",
         ":7:", "999"},
        {"title = \"x\033[2J\"\nabout = \"y\"\nstep { say = \"z\" }\n", ":", "control"},
    };
    (void)state;
    write_file("good.zone", "bank.test. TXT \"v=spf1 -all\"\n");
    write_file("broken.zone", "bank.test. TXT \"v=spf1 -all\"\nbank.test. MX many\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[500] = "";
        struct lesson *l = load(rows[i].text, why, sizeof why);
        if (l || !strstr(why, rows[i].says) || !strstr(why, rows[i].line) || strchr(why, '\n') ||
            strchr(why, '\033'))
            fail_msg("row %zu: wanted \"%s\" at %s, got \"%s\"", i, rows[i].says, rows[i].line,
                     l ? "a lesson" : why);
    }
    unlink("good.zone");
    unlink("broken.zone");
    char why[300];
    assert_null(lesson_load("no/such.lesson", why, sizeof why));
    assert_non_null(strstr(why, "no/such.lesson cannot be read"));
}

static void shipped(void **state)
{
    char folder[4000], file[4400], why[500];
    const char *top = getenv("top_srcdir");
    unsigned n = 0;
    (void)state;
    snprintf(folder, sizeof folder, "%s/lessons", top ? top : ".");
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (!strstr(e->d_name, ".lesson"))
            continue;
        snprintf(file, sizeof file, "%s/%s", folder, e->d_name);
        struct lesson *l = lesson_load(file, why, sizeof why);
        if (!l)
            fail_msg("%s", why);
        lesson_free(l);
        n++;
    }
    closedir(d);
    assert_true(n >= 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk),       cmocka_unit_test(bad_files), cmocka_unit_test(world_words),
        cmocka_unit_test(words_told), cmocka_unit_test(shipped),
    };
    close(mkstemp(path));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
