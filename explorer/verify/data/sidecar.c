/* The second container of a deep proof, in the network of the program that is proved.

   sidecar ask PORT REQUEST   sends REQUEST to 127.0.0.1:PORT, ten times a second, until an answer's
                              first line says 200; prints that line of each answer, or a reason
   sidecar resolve            answers DNS queries on 127.0.0.1:53 (RFC 1035): each name has the
                              address 192.0.2.7 (RFC 5737), and no record of another type

   Prints "ready" first, and stays until it is killed. No C library: system calls of Linux only.
   The programs beside this file are built from it by tests/verify/test_sidecar.py. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOSE = 3, NANOSLEEP = 35, SOCKET = 41, CONNECT = 42, SENDTO = 44,
       RECVFROM = 45, BIND = 49, SETSOCKOPT = 54, EXIT = 60 };
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call run\n");
static long sys(long n, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, CLOSE = 57, NANOSLEEP = 101, SOCKET = 198, CONNECT = 203,
       SENDTO = 206, RECVFROM = 207, BIND = 200, SETSOCKOPT = 208, EXIT = 93 };
__asm__(".globl _start\n_start: mov x0, sp\n bl run\n");
static long sys(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
                x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e,
                x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#endif

enum { STREAM = 1, DATAGRAM = 2, REFUSED = 111, LINE = 200 };

struct address {
  u16 family, port; /* the port in network order, as the address */
  u8 ip[4], zero[8];
};

static u32 length(const char *text) {
  u32 many = 0;
  while (text[many]) many++;
  return many;
}

static u32 number(const char *text) {
  u32 value = 0;
  while (*text >= '0' && *text <= '9') value = 10 * value + (u32)(*text++ - '0');
  return value;
}

static void say(const char *text, u32 many) { sys(WRITE, 1, (long)text, many, 0, 0, 0); }

static void sleep_ms(long ms) {
  long span[2] = {ms / 1000, ms % 1000 * 1000000};
  sys(NANOSLEEP, (long)span, 0, 0, 0, 0, 0);
}

static void place(struct address *there, u32 port) {
  there->family = 2;
  there->port = (u16)(port >> 8 | port << 8);
  there->ip[0] = 127;
  there->ip[1] = there->ip[2] = 0;
  there->ip[3] = 1;
}

/* One question: its answer's first line without its end, or a reason. Returns its length. */
static u32 answer(u32 port, const char *request, char *line) {
  static const char refused[] = "connection refused", silent[] = "no answer";
  struct address there;
  long span[2] = {2, 0};
  u32 many = 0;
  long got, socket = sys(SOCKET, 2, STREAM, 0, 0, 0, 0);
  const char *reason = silent;
  place(&there, port);
  sys(SETSOCKOPT, socket, 1, 20, (long)span, sizeof span, 0); /* SO_RCVTIMEO */
  got = sys(CONNECT, socket, (long)&there, sizeof there, 0, 0, 0);
  if (got == -REFUSED) reason = refused;
  if (got == 0 && sys(WRITE, socket, (long)request, length(request), 0, 0, 0) > 0)
    while (many < LINE && sys(READ, socket, (long)(line + many), 1, 0, 0, 0) == 1) {
      if (line[many] == '\r' || line[many] == '\n') break;
      many++;
    }
  sys(CLOSE, socket, 0, 0, 0, 0, 0);
  if (many == 0)
    while (reason[many]) line[many] = reason[many], many++;
  return many;
}

static void ask(u32 port, const char *request) {
  char line[LINE + 1];
  for (;;) {
    u32 many = answer(port, request, line);
    line[many] = '\n';
    say(line, many + 1);
    /* HTTP/1.1 200: RFC 9112, 4 */
    if (many >= 12 && line[0] == 'H' && line[9] == '2' && line[10] == '0' && line[11] == '0') return;
    sleep_ms(100);
  }
}

static void resolve(void) {
  static const u8 record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7};
  struct address here, from;
  u8 packet[600];
  long socket = sys(SOCKET, 2, DATAGRAM, 0, 0, 0, 0);
  place(&here, 53);
  if (sys(BIND, socket, (long)&here, sizeof here, 0, 0, 0) != 0) {
    say("no port 53\n", 11);
    return;
  }
  say("ready\n", 6);
  for (;;) {
    u32 size = sizeof from, end = 12, i;
    long got = sys(RECVFROM, socket, (long)packet, 512, 0, (long)&from, (long)&size);
    if (got < 17 || packet[2] & 0x80 || packet[4] || packet[5] != 1) continue;
    while (end < got && packet[end]) end += packet[end] + 1;
    end += 5; /* the name's end, type and class */
    if (end > got) continue;
    packet[2] = (u8)(0x80 | (packet[2] & 1)); /* an answer, to a query as it was */
    packet[3] = 0x80;
    for (i = 6; i < 12; i++) packet[i] = 0;
    if (packet[end - 4] == 0 && packet[end - 3] == 1) {
      packet[7] = 1;
      for (i = 0; i < sizeof record; i++) packet[end++] = record[i];
    }
    sys(SENDTO, socket, (long)packet, end, 0, (long)&from, size);
  }
}

__attribute__((used)) static void run(long *stack) {
  char **words = (char **)(stack + 1);
  if (stack[0] == 4 && words[1][0] == 'a') {
    say("ready\n", 6);
    ask(number(words[2]), words[3]);
  } else if (stack[0] == 2 && words[1][0] == 'r') {
    resolve();
  } else {
    sys(EXIT, 2, 0, 0, 0, 0, 0);
  }
  for (;;) sleep_ms(1000);
}
