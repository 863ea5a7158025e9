/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event loop: poll() over descriptors, timers, signals through a self-pipe, and idle work in
 * slices. One thread, no descriptor is set non-blocking behind its owner's back (the terminal's
 * never is). */
#ifndef HELOSCOPE_LOOP_H
#define HELOSCOPE_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct watch; /* a descriptor, timer or idle job that is being watched; freed by loop_drop() */

typedef void loop_fd_fn(void *arg, int fd, short revents);
typedef void loop_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signo);

/* NULL only where no pipe could be made. */
struct loop *loop_new(void);
void loop_free(struct loop *l);

/* Watch fd for events (POLLIN, POLLOUT). fn may drop any watch, its own included. With events 0 the
 * descriptor is not looked at at all, so that a paused one that was hung up does not spin the loop.
 */
struct watch *loop_fd(struct loop *l, int fd, short events, loop_fd_fn *fn, void *arg);
void loop_fd_events(struct watch *w, short events);
/* fn once after ms milliseconds (monotonic clock); the watch is dropped by itself before fn runs.
 */
struct watch *loop_timer(struct loop *l, int64_t ms, loop_fn *fn, void *arg);
/* fn again and again while nothing else is to do; each call should take no more than about 2 ms. */
struct watch *loop_idle(struct loop *l, loop_fn *fn, void *arg);
/* fn from the loop (not from the handler) whenever signo arrives. One function for each signal;
 * NULL gives the signal back its former action. */
void loop_signal(struct loop *l, int signo, loop_signal_fn *fn, void *arg);
/* Stops watching; safe with NULL, and with a timer that has fired as long as the turn lasts. */
void loop_drop(struct watch *w);

/* One turn: waits for at most timeout_ms (-1: until something happens), runs what is due. False:
 * nothing is watched any more. Signals and descriptors of priority (loop_fd_first, at most 8) are
 * looked at and served before each other callback, so that a flood from a server never delays a
 * key. Turns may nest. */
bool loop_turn(struct loop *l, int timeout_ms);
void loop_fd_first(struct watch *w);
/* Runs turns until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* Called at the end of each turn that did something, before the next wait, and as soon as a
 * descriptor of priority was served: the place to draw. */
void loop_after(struct loop *l, loop_fn *fn, void *arg);

/* Microseconds of the monotonic clock. */
uint64_t now_us(void);

#endif
