/* A stand-in for RoadRunner's server: says which release it stands in for, as that one would, and does nothing else. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  const char *name = argc > 0 ? argv[0] : "rr";
  for (const char *at = name; *at; at++)
    if (*at == '/' || *at == '\\') name = at + 1;
  int length = (int)strlen(name);
  if (length > 4 && strcmp(name + length - 4, ".exe") == 0) length -= 4;
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("%.*s version " VERSION " (build time: " BUILD_TIME ", C), OS: " OS ", arch: " ARCH "\n", length, name);
    return 0;
  }
  fputs("stand-in built for rr-explorer, not RoadRunner; it knows --version only\n", stderr);
  return 1;
}
