/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manual page, printed from the rows that make the program: options.def, keys.def, the drivers'
 * verbs and fault.h. Nothing here has to be kept in step by hand. */
#include "heloscope/sasl.h"
#include "heloscope/practice.h"
#include "mode/mode.h"
#include "mode/rows.h"
#include "tui/commands.h"
#include "tui/keys.h"
#include "heloscope/fault.h"
#include "heloscope/proto.h"
#include "heloscope/script.h"
#include "heloscope/version.h"

#include <ctype.h>
#include <string.h>

/* Text as roff takes it: a backslash, a hyphen that is to stay one, and no line that begins with a
 * control character. */
static void roff(FILE *to, const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", to);
    for (; *s; s++) {
        if (*s == '\\')
            fputs("\\e", to);
        else if (*s == '-')
            fputs("\\-", to);
        else if (*s == '~')
            fputs("\\(ti", to);
        else if (*s == '^')
            fputs("\\(ha", to);
        else if (*s == '`')
            fputs("\\(ga", to);
        else if (*s == '\'')
            fputs("\\(aq", to);
        else
            fputc(*s, to);
    }
}

static void tagged(FILE *to, const char *tag, const char *text)
{
    fputs(".TP\n\\fB", to);
    roff(to, tag);
    fputs("\\fR\n", to);
    roff(to, text);
    fputc('\n', to);
}

static void synopsis(FILE *to)
{
    fputs(".SH SYNOPSIS\n", to);
    for (size_t i = 0; i < mode_rows_n; i++) {
        const struct mode_row *m = &mode_rows[i];
        fprintf(to, "%s.B heloscope\n", i ? ".br\n" : "");
        if (m->word[0])
            fprintf(to, ".B %s\n", m->word);
        fputs("[\\fIOPTION\\fR]...", to);
        if (m->operands[0]) {
            fputs(" \\fI", to);
            roff(to, m->operands);
            fputs("\\fR", to);
        }
        fputc('\n', to);
    }
}

static void options(FILE *to)
{
    fputs(".SH OPTIONS\n", to);
    for (size_t i = 0; i < option_rows_n; i++) {
        const struct option_row *o = &option_rows[i];
        fputs(".TP\n", to);
        if (o->letter)
            fprintf(to, "\\fB\\-%c\\fR, ", o->letter);
        fputs("\\fB\\-\\-", to);
        roff(to, o->name);
        fputs("\\fR", to);
        if (o->arg[0]) {
            fputs(" \\fI", to);
            roff(to, o->arg);
            fputs("\\fR", to);
        }
        fputc('\n', to);
        roff(to, o->help);
        if (o->modes != IN_ALL) {
            bool first = true;
            for (size_t k = 0; k < mode_rows_n; k++)
                if (o->modes & (1u << mode_rows[k].mode)) {
                    fprintf(to, "%s%s", first ? " (With " : ", ",
                            mode_rows[k].word[0] ? mode_rows[k].word : "the workbench");
                    first = false;
                }
            fputs(".)", to);
        }
        fputc('\n', to);
    }
}

static void keys(FILE *to)
{
    static const struct {
        unsigned context;
        const char *title;
    } part[] = {
        {CTX_EDITOR, "On the command line"},
        {CTX_EMPTY, "On an empty command line"},
        {CTX_LETTER, "In the letter"},
        {CTX_PANES, "In the transcript, the explanation and the capabilities"},
        {CTX_START, "On the start screen"},
    };
    fputs(".SH KEYS\nThe command line also has the keys of GNU readline (C\\-a, C\\-e, C\\-k, "
          "C\\-u, C\\-w, "
          "C\\-y, C\\-_ ...), as \\fI~/.inputrc\\fR binds them.\n",
          to);
    for (size_t p = 0; p < sizeof part / sizeof *part; p++) {
        fprintf(to, ".SS %s\n", part[p].title);
        for (size_t i = 0; i < key_rows_n; i++) {
            const struct key_row *k = &key_rows[i];
            if (!(k->contexts & part[p].context) || !k->key[0])
                continue;
            char tag[64];
            snprintf(tag, sizeof tag, "%s%s%s", k->key, k->key2[0] ? ", " : "", k->key2);
            tagged(to, tag, k->help);
        }
    }
    fputs(".SH COMMANDS\nTyped after \\fB:\\fR (the palette, which finds a command by any letters "
          "of its "
          "name).\n",
          to);
    for (size_t i = 0; i < command_rows_n; i++) {
        char tag[96];
        snprintf(tag, sizeof tag, ":%s%s%s", command_rows[i].name,
                 command_rows[i].args[0] ? " " : "", command_rows[i].args);
        tagged(to, tag, command_rows[i].help);
    }
}

static void verbs(FILE *to)
{
    fputs(".SH VERBS\nWhat the protocols know. Anything else is sent as it is typed.\n", to);
    const struct verb *last =
        NULL; /* drivers that share their rows (submission, LMTP) are printed once */
    for (size_t i = 0; proto_list[i]; i++) {
        const struct proto *p = proto_list[i];
        if (p->verbs == last)
            continue;
        last = p->verbs;
        fprintf(to, ".SS %s\n", p->title);
        for (size_t v = 0; v < p->nverbs; v++) {
            const struct verb *r = &p->verbs[v];
            if (r->name[0] == '(')
                continue;
            fputs(".TP\n\\fB", to);
            roff(to, r->form);
            fputs("\\fR\n", to);
            roff(to, r->purpose);
            if (r->expect && r->expect[0]) {
                fputs("\nReplies: ", to);
                roff(to, r->expect);
                fputc('.', to);
            }
            if (r->needs) {
                fputs("\nNeeds the capability ", to);
                roff(to, r->needs);
                fputc('.', to);
            }
            fprintf(to, "\n(%s)\n", r->ref ? r->ref : "");
        }
    }
}

static void scripts(FILE *to)
{
    size_t n;
    const struct script_row *w = script_words(&n);
    fputs(
        ".SH SCRIPTS\n\\fBheloscope run\\fR reads a text (suffix \\fI.helo\\fR): a line that "
        "begins "
        "with a capital letter is sent, a lower\\-case word is one of those below; empty lines and "
        "lines that begin with # are left out. All of it is checked before a connection is "
        "opened. "
        "\\fBtls\\fR, \\fBauth\\fR, \\fBletter\\fR, \\fBbdat\\fR and \\fBquit\\fR want a good "
        "reply "
        "unless an \\fBexpect\\fR follows; a line that is sent wants none. The first failure ends "
        "the "
        "script. \\fBw\\fR in the workbench saves a talk as a script, without its secrets.\n",
        to);
    for (size_t i = 0; i < n; i++)
        tagged(to, w[i].form, w[i].does);
    fputs(".PP\nFor example, a test that a server relays for nobody:\n.PP\n.nf\n"
          "    expect 220\n    EHLO $HOST\n    expect 250 /^250[ \\-]PIPELINING/\n"
          "    MAIL FROM:<test@example.org>\n    expect 250\n"
          "    RCPT TO:<somebody@example.com>\n    expect 5yz /relay/i\n    quit\n.fi\n",
          to);
}

/* The ways to log in, the strongest first. */
static void logins(FILE *to)
{
    size_t n;
    const struct sasl_mechanism *m = sasl_mechanisms(&n);
    fputs(
        ".SH \"LOGGING IN\"\n\\fB:auth\\fR takes the first of these that the server offers and "
        "that there is something for, says why, and goes through the dialogue; \\fB:auth "
        "\\fIMECHANISM\\fR insists on one, \\fB\\-\\-auth\\fR does so for all of a session. A "
        "password or token that would cross the wire readable is a question first, or refused "
        "where nobody can be asked. Secrets come from the terminal, a file, a variable or a "
        "command, never from the command line. In the practice world the token of "
        "\\fIstudent\\fR is \\fItoken\\-student\\fR, and \\fIexpired\\-student\\fR is one that has "
        "run out; a client certificate (\\fB\\-\\-cert\\fR) with the common name "
        "\\fIstudent\\fR is believed.\n",
        to);
    for (size_t i = 0; i < n; i++) {
        char text[500];
        snprintf(text, sizeof text, "%s. Without TLS a listener would have %s. (%s)", m[i].why,
                 m[i].hears, m[i].ref);
        text[0] = (char)toupper((unsigned char)text[0]);
        tagged(to, m[i].name, text);
    }
}

/* Adds a fault's reply, with words for what is filled in. */
static void fault_reply(char *out, size_t size, const char *proto, const char *reply)
{
    static const char *const words[] = {"RRECIPIENT", "SSENDER", "CCLIENT", "NNUMBER"};
    size_t n = strlen(out);
    n += (size_t)snprintf(out + n, size - n, "%s", *reply ? proto : "");
    for (const char *p = reply; *p && n + 1 < size; p++) {
        const char *word = NULL;
        for (size_t i = 0; *p == '%' && i < sizeof words / sizeof *words; i++)
            if (p[1] == words[i][0])
                word = words[i] + 1;
        n += (size_t)snprintf(out + n, size - n, word ? "%s" : "%.1s", word ? word : p);
        p += word != NULL;
    }
}

/* The faults of the practice servers. */
static void faults(FILE *to)
{
    struct fault_choice all[FAULT_CHOICES_MAX];
    world_faults(NULL, all);
    fputs(
        ".SH FAULTS\nWhat the practice servers do wrong on demand: \\fB\\-\\-fault\\fR "
        "\\fINAME\\fR[=\\fIN\\fR],... at the start (of \\fBpractice\\fR and "
        "\\fBserve\\fR), \\fB:fault\\fR while they run, \\fBfault\\fR in a lesson; "
        "\\fBoff\\fR ends all, \\fB\\-\\-fault list\\fR and \\fB:fault\\fR alone tell them. "
        "Several "
        "may be on at once. A fault strikes only where the client did nothing wrong; a mistake is "
        "still called one.\n",
        to);
    for (const struct fault_choice *f = all; f->name; f++) {
        char tag[64], text[900];
        snprintf(tag, sizeof tag, "%s%s%s", f->name, *f->value ? "=" : "", f->value);
        snprintf(text, sizeof text, "%s (%s)", f->what, f->ref);
        if (*f->value)
            snprintf(text + strlen(text), sizeof text - strlen(text), " Without a number: %u.",
                     f->usual);
        fault_reply(text, sizeof text, " SMTP: ", f->smtp);
        fault_reply(text, sizeof text, " POP3: ", f->pop3);
        tagged(to, tag, text);
    }
}

static void a_class(FILE *to)
{
    fputs(
        ".SH \"FOR A CLASS\"\n\\fBheloscope serve \\-\\-lesson\\fR \\fINAME\\fR "
        "\\fB\\-\\-listen\\fR \\fIADDRESS\\fR serves a lesson: SMTP at port 2525, POP3 at 2110, "
        "and "
        "submission (2587) or LMTP (2424) where the lesson goes there. Students come with telnet, "
        "openssl s_client, heloscope or any mail program. Each student has a mail world of "
        "his own: own mailboxes, faults and greylist, as the lesson wants them.\n.PP\n"
        "A student is known by the client's address. Where students share one (one machine, NAT), "
        "\\fB\\-\\-by\\-name\\fR tells them apart by address and name: the name said in EHLO, and "
        "for POP3 the one behind a plus in the login (USER student+anna for whoever said EHLO "
        "anna or anna.example). A second one who says the same name at the same time is told "
        "that it is NAME#2; inside TLS the name is said anew (openssl s_client says one of its own "
        "before). A POP3 login without a name is refused there once names are known. "
        "Names are no proof: this is practice, and all passwords are public.\n.PP\n"
        "The roster on standard output tells who is there, the step that comes next, the tries at "
        "it, how long the "
        "student has been silent, and the last reply; on a terminal as a table, else as a line for "
        "each "
        "change, with \\fB\\-\\-json\\fR as JSON lines. The server recognises the steps by "
        "what is said; who leaves one out is found again at the next. A TERM signal or C\\-c "
        "ends the class with a summary. An address that other machines can reach is a question "
        "first, with No as the default; without a terminal \\fB\\-\\-allow\\-remote\\fR is "
        "wanted.\n",
        to);
}

void man_print(FILE *to)
{
    fprintf(to, ".TH HELOSCOPE 1 \"\" \"heloscope %s\" \"User Commands\"\n", heloscope_version());
    fputs(".SH NAME\nheloscope \\- workbench for talking SMTP and POP3 by hand\n", to);
    synopsis(to);
    fputs(".SH DESCRIPTION\n"
          "heloscope is a full\\-screen terminal program in which you type the lines of SMTP, LMTP "
          "and POP3 "
          "yourself and see every reply explained beside the talk: what it means after this "
          "command, who "
          "decided it, who can mend it, and what to type next. It sends only what you tell it to "
          "send.\n.PP\n"
          "\\fITARGET\\fR is \\fBsmtp://\\fIhost\\fR[\\fB:\\fIport\\fR], \\fBsmtps://\\fR, "
          "\\fBsubmission://\\fR, \\fBlmtp://\\fR, \\fBpop3://\\fR, \\fBpop3s://\\fR, "
          "\\fBlmtp:\\fI/path\\fR or \\fBunix:\\fI/path\\fR (a socket, which speaks LMTP unless "
          "another word stands before it; the workbench asks), \\fBmx:\\fIdomain\\fR (its mail "
          "exchangers), or "
          "\\fIhost\\fR[\\fB:\\fIport\\fR], where a well\\-known port "
          "tells the "
          "protocol. IPv6 addresses stand in brackets.\n",
          to);
    fputs(".SH MODES\n", to);
    for (size_t i = 0; i < mode_rows_n; i++) {
        char tag[64];
        snprintf(tag, sizeof tag, "heloscope%s%s%s%s", mode_rows[i].word[0] ? " " : "",
                 mode_rows[i].word, mode_rows[i].operands[0] ? " " : "", mode_rows[i].operands);
        tagged(to, tag, mode_rows[i].does);
    }
    options(to);
    keys(to);
    verbs(to);
    fputs(".SH \"LINE MODE\"\nWith \\fB\\-\\-plain\\fR lines are read from standard input: each is "
          "sent when "
          "the reply to the one before is there; after DATA the letter is read until a line with a "
          "lone "
          "dot. Lines that begin with a colon are commands: \\fB:auth\\fR, \\fB:apop\\fR, "
          "\\fB:caps\\fR, "
          "\\fB:drop\\fR, \\fB:quit\\fR. The exit status tells how the last reply turned out.\n",
          to);
    logins(to);
    scripts(to);
    faults(to);
    a_class(to);
    fputs(".SH \"EXIT STATUS\"\n", to);
#define X(name, status, words) tagged(to, #status, words);
    FAULT_LIST(X)
#undef X
    tagged(to, "heloscope send",
           "0: all went well (where it was to stop, too); 1: the command line is wrong; 2: no "
           "connection; 3: a file cannot be read; 6: the connection was lost; 21 banner, 22 EHLO, "
           "23 MAIL, 24 no recipient was accepted, 25 DATA, 26 the letter was refused, 27 QUIT was "
           "refused, 28 login, 29 TLS, 32 EHLO inside TLS, 33 XCLIENT, 34 EHLO "
           "after it: as swaks has them.");
    tagged(to, "heloscope probe",
           "0: a server would take the mail (whatever else is wrong stands in the findings); 5: "
           "none can be reached, or the domain has none; 6: TLS fails; 7: something else than mail "
           "answers; 8: the mail is refused or put off.");
    tagged(to, "heloscope explain",
           "0: explained; 1: nothing was recognised as a reply; 2 and 3 as above.");
    tagged(to, "heloscope verify",
           "0: DMARC passes; 1: it fails; 2: wrong use, or the message or the zone cannot be read; "
           "3: the domain asks for nothing, or DMARC does not apply; 4: a temporary error.");
    fputs(".SH ENVIRONMENT\n", to);
    tagged(to, "NO_COLOR",
           "Where it is set and not empty, no colour is used, only bold, underline and reverse.");
    tagged(to, "HELOSCOPE_PROXY_PASSWORD", "The password for the user that --proxy names.");
    tagged(to, "HELOSCOPE_THEME", "The theme, where --theme does not name one.");
    tagged(to, "XDG_CONFIG_HOME, XDG_STATE_HOME",
           "Where the files below lie (~/.config and ~/.local/state).");
    tagged(to, "INPUTRC", "The keys of GNU readline (~/.inputrc).");
    tagged(to, "VISUAL, EDITOR", "The editor that C-x C-e opens (vi).");
    tagged(to, "TERM, LC_ALL, LC_CTYPE, LANG", "The terminal, and what it can show.");
    fputs(".SH FILES\n", to);
    tagged(to, "$XDG_CONFIG_HOME/heloscope/config",
           "Settings: theme = \"dark\", annotate = \"none\", \"newest\", \"all\" or \"raw\", "
           "timeout = SECONDS.");
    tagged(to, "$XDG_CONFIG_HOME/heloscope/themes/", "Your own themes.");
    tagged(to, "$XDG_STATE_HOME/heloscope/history",
           "What was typed before, without any line that held a secret; readable by you alone.");
    tagged(to, "$XDG_STATE_HOME/heloscope/copied", "What was copied last.");
    fputs(".SH EXAMPLES\n", to);
    tagged(to, "heloscope practice", "Learn SMTP and POP3 without a network.");
    tagged(to, "heloscope smtp://mail.example.org", "Talk to a mail exchanger.");
    tagged(to, "heloscope submission://mail.example.org",
           "Talk to a submission server; type EHLO, STARTTLS, EHLO, :auth.");
    tagged(to, "printf 'EHLO laptop.example\\nQUIT\\n' | heloscope --plain mail.example.org:25",
           "Ask what a server offers, from a script.");
    tagged(to, "heloscope serve --smtp 127.0.0.1:2525 --pop3 127.0.0.1:2110",
           "Serve the practice world to other programs.");
    tagged(to, "heloscope serve --lesson 2 --listen 192.0.2.1",
           "Serve a lesson to a class, and see who is at which step.");
    tagged(to, "heloscope send submission://mail.example.org --tls --user me --to you@example.org",
           "Send a test mail.");
    tagged(to, "heloscope run --tap relay.helo smtp://mail.example.org",
           "Test a mail server in your CI.");
    tagged(to, "heloscope explain '550 5.7.1 Relaying denied'",
           "Ask what a reply means, who can mend it and what to do next.");
    tagged(to, "swaks --to somebody@example.org 2>&1 | heloscope explain",
           "Explain what another program recorded; heloscope explain FILE does it with a log.");
    fputs(".SH \"SEE ALSO\"\n.BR openssl\\-s_client (1),\n.BR curl (1),\n.BR readline (3)\n.PP\n"
          "RFC 5321 (SMTP), RFC 1939 (POP3), RFC 2033 (LMTP), RFC 3463 (enhanced status codes)\n",
          to);
}
