/* What `cargo xtask cluster check` deploys: a server that says its host's name, and what is asked of it by exec.
 *
 *   probe serve PORT          answers every HTTP request with the host's name, and logs it
 *   probe get ADDRESS PORT    prints the answer of such a server
 *   probe write FILE WORD     keeps a word
 *   probe read FILE           prints it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    _exit(0);
}

static int fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

static int serve(const char *port) {
    char name[256] = "", request[4096], answer[512];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    gethostname(name, sizeof name - 1);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 64)) {
        return fail("listening");
    }
    printf("%s serves\n", name);
    for (;;) {
        fflush(stdout);
        int client = accept(server, NULL, NULL);
        if (client < 0) {
            continue;
        }
        ssize_t length = read(client, request, sizeof request - 1);
        if (length > 0) {
            request[length] = '\0';
            printf("%.*s\n", (int)strcspn(request, "\r\n"), request);
            int size = snprintf(answer, sizeof answer,
                                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s\n",
                                strlen(name) + 1, name);
            if (write(client, answer, (size_t)size) < 0) {
                fail("answering");
            }
        }
        close(client);
    }
}

static int get(const char *host, const char *port) {
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    char answer[4096];
    size_t length = 0;
    ssize_t more;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        return fail("reading the address");
    }
    if (connect(server, (struct sockaddr *)&address, sizeof address) || write(server, request, sizeof request - 1) < 0) {
        return fail("asking");
    }
    while (length < sizeof answer - 1 && (more = read(server, answer + length, sizeof answer - 1 - length)) > 0) {
        length += (size_t)more;
    }
    answer[length] = '\0';
    char *body = strstr(answer, "\r\n\r\n");
    if (!body) {
        errno = EPROTO;
        return fail("reading the answer");
    }
    return fputs(body + 4, stdout) < 0;
}

static int keep(const char *file, const char *word) {
    FILE *kept = fopen(file, "w");
    if (!kept || fprintf(kept, "%s\n", word) < 0 || fclose(kept)) {
        return fail(file);
    }
    return EXIT_SUCCESS;
}

static int tell(const char *file) {
    char word[256];
    FILE *kept = fopen(file, "r");
    if (!kept || !fgets(word, sizeof word, kept)) {
        return fail(file);
    }
    return fputs(word, stdout) < 0;
}

int main(int count, char **words) {
    const char *verb = count > 1 ? words[1] : "";
    if (count == 3 && !strcmp(verb, "serve")) {
        return serve(words[2]);
    }
    if (count == 4 && !strcmp(verb, "get")) {
        return get(words[2], words[3]);
    }
    if (count == 4 && !strcmp(verb, "write")) {
        return keep(words[2], words[3]);
    }
    if (count == 3 && !strcmp(verb, "read")) {
        return tell(words[2]);
    }
    fprintf(stderr, "usage: probe serve PORT | get ADDRESS PORT | write FILE WORD | read FILE\n");
    return 2;
}
