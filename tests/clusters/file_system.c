/* A file system that lacks what the variable LACKS names (flock, link, rename over a file, fsync), with error ERRNO: to be preloaded. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int lacks(const char *call)
{
    const char *calls = getenv("LACKS"), *number = getenv("ERRNO");
    if (!calls || !strstr(calls, call))
        return 0;
    errno = number ? atoi(number) : ENOSYS;
    return 1;
}

int flock(int fd, int operation)
{
    return lacks("flock") ? -1 : ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(fd, operation);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    return lacks("link") ? -1 : ((int (*)(int, const char *, int, const char *, int))dlsym(RTLD_NEXT, "linkat"))(from, old, to, new, flags);
}

int link(const char *old, const char *new)
{
    return lacks("link") ? -1 : ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link"))(old, new);
}

int rename(const char *old, const char *new)
{
    return access(new, F_OK) == 0 && lacks("rename") ? -1 : ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(old, new);
}

int fsync(int fd)
{
    return lacks("fsync") ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd)
{
    return lacks("fsync") ? -1 : ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
