/*
 * relay IF_A IF_B DELAY_AB_US DELAY_BA_US
 *
 * Carries every Ethernet frame between two interfaces of its network namespace and holds each one for a fixed time:
 * a link of known delay for kernels that have no netem. A frame is due at (its arrival in the kernel + delay), so
 * a late wake-up of this process shortens the wait instead of adding to it. Order is kept per direction.
 *
 * PACKET_VNET_HDR carries segmentation and checksum state across, so super-packets and unfinished checksums survive.
 * Prints "ready" once both sides are open. Ends with status 1 and a reason when an interface goes away.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_SLOTS 8192u /* frames in flight per direction; a power of two */
#define FRAME_BYTES (70 * 1024)
#define SPIN_NS 20000ll /* the last stretch is polled: a timer may fire this late */
#define MAX_DELAY_US 10000000ll

struct frame {
  int64_t due_ns;
  size_t length;
  unsigned char data[];
};

struct direction {
  const char *from_name;
  int from, to;
  int64_t delay_ns;
  unsigned head, tail; /* head: next to send; tail: next free slot */
  struct frame *slots[QUEUE_SLOTS];
};

static struct direction directions[2];

static void fail(const char *what, const char *subject) {
  fprintf(stderr, "relay: %s %s: %s\n", what, subject, strerror(errno));
  exit(1);
}

/* Arrival stamps of packet sockets are wall clock, so this program's clock is too. */
static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void set(int fd, int level, int option, int value, const char *name) {
  if (setsockopt(fd, level, option, &value, sizeof value) != 0) fail("cannot set a socket option on", name);
}

static int open_interface(const char *name) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("cannot open a packet socket for", name);
  set(fd, SOL_PACKET, PACKET_VNET_HDR, 1, name);
  set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, name);
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, name);
  set(fd, SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20, name);
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET,
      .sll_protocol = htons(ETH_P_ALL),
      .sll_ifindex = (int)if_nametoindex(name),
  };
  if (address.sll_ifindex == 0) fail("no interface", name);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("cannot bind to", name);
  struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0) fail("cannot listen to all of", name);
  return fd;
}

static int64_t arrival_ns(struct msghdr *message, int64_t now) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    int64_t stamp = t.tv_sec * 1000000000ll + t.tv_nsec;
    /* A stepped clock must neither hold a frame for ever nor let it through at once. */
    if (stamp <= now && now - stamp < 1000000000ll) return stamp;
  }
  return now;
}

/* Takes in all that waits. A full queue drops, as a real link's does. */
static void receive(struct direction *d) {
  static unsigned char buffer[FRAME_BYTES];
  union {
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr align;
  } control;
  for (;;) {
    struct iovec part = {.iov_base = buffer, .iov_len = sizeof buffer};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(d->from, &message, 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return;
    if (length < 0) fail("cannot receive from", d->from_name);
    if (d->tail - d->head == QUEUE_SLOTS || (message.msg_flags & MSG_TRUNC)) continue;
    struct frame *frame = malloc(sizeof *frame + (size_t)length);
    if (frame == NULL) continue;
    frame->due_ns = arrival_ns(&message, now_ns()) + d->delay_ns;
    frame->length = (size_t)length;
    memcpy(frame->data, buffer, (size_t)length);
    d->slots[d->tail++ % QUEUE_SLOTS] = frame;
  }
}

static void send_due(struct direction *d) {
  while (d->head != d->tail) {
    struct frame *frame = d->slots[d->head % QUEUE_SLOTS];
    if (frame->due_ns > now_ns()) return;
    /* A frame that cannot leave now (no buffer, link down) is lost, as on a wire. */
    if (send(d->to, frame->data, frame->length, 0) < 0 && errno == ENXIO) fail("cannot send from", d->from_name);
    free(frame);
    d->head++;
  }
}

static int64_t first_due_ns(void) {
  int64_t first = INT64_MAX;
  for (int i = 0; i < 2; i++) {
    const struct direction *d = &directions[i];
    if (d->head == d->tail) continue;
    int64_t due = d->slots[d->head % QUEUE_SLOTS]->due_ns;
    if (due < first) first = due;
  }
  return first;
}

static void wait_for_work(void) {
  struct pollfd sides[2] = {{directions[0].from, POLLIN, 0}, {directions[1].from, POLLIN, 0}};
  struct timespec wait, *limit = NULL;
  int64_t first = first_due_ns();
  if (first != INT64_MAX) {
    int64_t left = first - now_ns() - SPIN_NS;
    if (left < 0) left = 0;
    wait.tv_sec = left / 1000000000ll;
    wait.tv_nsec = left % 1000000000ll;
    limit = &wait;
  }
  if (ppoll(sides, 2, limit, NULL) < 0 && errno != EINTR) fail("cannot wait", "");
  for (int i = 0; i < 2; i++) {
    if (sides[i].revents != 0) receive(&directions[i]);
  }
}

static int64_t parse_delay_ns(const char *text) {
  char *end;
  errno = 0;
  long long us = strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || us < 0 || us > MAX_DELAY_US) {
    errno = EINVAL;
    fail("the delay must be 0 to 10000000 microseconds, not", text);
  }
  return us * 1000ll;
}

int main(int count, char **words) {
  if (count != 5) {
    fprintf(stderr, "usage: relay IF_A IF_B DELAY_AB_US DELAY_BA_US\n");
    return 2;
  }
  int a = open_interface(words[1]), b = open_interface(words[2]);
  directions[0] = (struct direction){.from_name = words[1], .from = a, .to = b, .delay_ns = parse_delay_ns(words[3])};
  directions[1] = (struct direction){.from_name = words[2], .from = b, .to = a, .delay_ns = parse_delay_ns(words[4])};
  /* Both only sharpen the delay on a busy machine; without the privilege it still works. */
  struct sched_param priority = {.sched_priority = 1};
  (void)sched_setscheduler(0, SCHED_FIFO, &priority);
  (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    wait_for_work();
    for (int i = 0; i < 2; i++) send_due(&directions[i]);
  }
}
