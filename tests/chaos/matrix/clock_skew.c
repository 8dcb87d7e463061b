/* Other clocks for tests: preloaded into a service, it adds what a file says to the time of day. The monotonic clock stays as it is.
 *
 * CLOCK_SKEW_FOLDER holds a file of eight bytes, nanoseconds, for each process that shall be wrong: <service>-<N>, where N is the end of
 * BURNISH_REPLICA. A process without such a file, and every other program, has the right time. The file is mapped, so that a clock may be
 * set while its process runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *skew_ns;
static int (*real_gettime)(clockid_t, struct timespec *);

static const char *const SERVICES[] = {"gateway", "executor", "analytics", "webhooks", "optimizer", NULL};

__attribute__((constructor)) static void begin(void) {
  real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  const char *folder = getenv("CLOCK_SKEW_FOLDER"), *replica = getenv("BURNISH_REPLICA");
  int given = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  char words[4096], path[4096];
  ssize_t size = given < 0 ? 0 : read(given, words, sizeof words - 1);
  if (given >= 0) close(given);
  if (!folder || !replica || size <= 0 || !strrchr(replica, '-')) return;
  words[size] = 0;
  for (char *word = words; word < words + size; word += strlen(word) + 1)
    for (int i = 0; SERVICES[i]; i++) {
      if (strcmp(word, SERVICES[i])) continue;
      snprintf(path, sizeof path, "%s/%s%s", folder, word, strrchr(replica, '-'));
      int file = open(path, O_RDONLY | O_CLOEXEC);
      if (file < 0) return;
      void *mapped = mmap(NULL, 8, PROT_READ, MAP_SHARED, file, 0);
      close(file);
      if (mapped != MAP_FAILED) skew_ns = mapped;
      return;
    }
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  if (!real_gettime) real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  int failed = real_gettime(clock, at);
  if (!failed && skew_ns && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t ns = at->tv_sec * 1000000000LL + at->tv_nsec + *skew_ns;
    at->tv_sec = ns / 1000000000LL;
    at->tv_nsec = ns % 1000000000LL;
  }
  return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now)) return -1;
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
