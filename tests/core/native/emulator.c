/* Runs one kernel on the arguments in a file, for `emulator.py`; built for the emulated processor.

   The file: the number of arguments, and for each of them two int64: the bytes of an array, and the
   byte at which the kernel is to find it; or -1 and the value of a number. Then the arrays. They are
   written back to the same file. Each lies at the end of a page, in front of a protected one. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 65536, MOST = 32 };

void kernel(int64_t *arguments);

static void *fenced(int64_t bytes) {
  int64_t whole = (bytes + PAGE - 1) / PAGE * PAGE;
  char *memory = mmap(NULL, whole + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory + whole, PAGE, PROT_NONE)) exit(3);
  return memory + whole - bytes;
}

int main(int count, char **names) {
  FILE *file = count == 2 ? fopen(names[1], "r+b") : NULL;
  int64_t arguments, given[MOST][2], values[MOST], kept[MOST];
  if (!file || fread(&arguments, 8, 1, file) != 1 || arguments > MOST) return 2;
  if (fread(given, 16, arguments, file) != (size_t)arguments) return 2;
  for (int64_t i = 0; i < arguments; i++) {
    kept[i] = values[i] = given[i][1];
    if (given[i][0] < 0) continue;
    void *array = fenced(given[i][0]);
    if (fread(array, 1, given[i][0], file) != (size_t)given[i][0]) return 2;
    kept[i] = (int64_t)array;
    values[i] += kept[i];
  }
  kernel(values);
  rewind(file);
  for (int64_t i = 0; i < arguments; i++)
    if (given[i][0] >= 0) fwrite((void *)kept[i], 1, given[i][0], file);
  return fclose(file) ? 3 : 0;
}
