/* The limit that hits are measured against: an epoll loop that parses nothing.
 *
 *     epoll PORT RESPONSE-FILE
 *
 * Whatever a read returns counts as one request, and is answered with the bytes of the file. So it
 * does what every server must do for a hit, one read and one write, and nothing beside.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { max_connections = 65536, max_events = 256 };

static char *response;
static size_t response_length;
/* What is still to be written on each connection. */
static size_t owed[max_connections];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void load_response(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    fseek(file, 0, SEEK_END);
    response_length = (size_t)ftell(file);
    rewind(file);
    response = malloc(response_length);
    if (!response || fread(response, 1, response_length, file) != response_length) fail(path);
    fclose(file);
}

/* Writes as much as the socket takes; waits for room only when there is none. */
static void write_owed(int poll, int client) {
    int was_waiting = owed[client] < response_length;
    while (owed[client] > 0) {
        ssize_t count = write(client, response + response_length - owed[client], owed[client]);
        if (count <= 0) {
            if (count < 0 && errno == EAGAIN && !was_waiting) {
                struct epoll_event event = {.events = EPOLLOUT, .data.fd = client};
                epoll_ctl(poll, EPOLL_CTL_MOD, client, &event);
            } else if (count < 0 && errno != EAGAIN) {
                close(client);
            }
            return;
        }
        owed[client] -= (size_t)count;
    }
    if (was_waiting) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = client};
        epoll_ctl(poll, EPOLL_CTL_MOD, client, &event);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: epoll PORT RESPONSE-FILE\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    load_response(argv[2]);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)atoi(argv[1])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
    if (listen(listener, 4096) < 0) fail("listen");
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    static struct epoll_event events[max_events];
    static char request[65536];
    for (;;) {
        int count = epoll_wait(poll, events, max_events, -1);
        for (int index = 0; index < count; index++) {
            int client = events[index].data.fd;
            if (client == listener) {
                int accepted;
                while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    if (accepted >= max_connections) {
                        close(accepted);
                        continue;
                    }
                    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    struct epoll_event added = {.events = EPOLLIN, .data.fd = accepted};
                    owed[accepted] = 0;
                    epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &added);
                }
                continue;
            }
            if (owed[client] > 0) {
                write_owed(poll, client);
                continue;
            }
            ssize_t length = read(client, request, sizeof request);
            if (length > 0) {
                owed[client] = response_length;
                write_owed(poll, client);
            } else if (length == 0 || errno != EAGAIN) {
                close(client);
            }
        }
    }
}
