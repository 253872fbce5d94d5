/* A program that uses the plugin: host PARK loads it, host PARK deep lets its own definitions go first. Built with
   LINKED it is linked with it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

void plugin_check(unsigned park);

int main(int count, char **arguments) {
    unsigned park = atoi(arguments[1]);
#ifdef LINKED
    plugin_check(park);
#else
    void *plugin = dlopen(PLUGIN, RTLD_NOW | (count > 2 ? RTLD_DEEPBIND : 0));
    if (!plugin) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    void (*check)(unsigned) = (void (*)(unsigned))dlsym(plugin, "plugin_check");
    check(park);
#endif
    return 0;
}
