/* The API behind the proxies: answers at once with prepared bytes, so that what a proxy adds shows.
 *
 *     upstream PORT FOLDER
 *
 * A POST is answered by the model that its body names:
 *   json-1k, json-100k, json-1m   the file of that name in the folder, as one JSON response
 *   slow-1k                       the same as json-1k, 300 ms later
 *   sse                           the file "sse", event by event, 250 us apart, in chunks
 *   idle                          the first event of "sse", then silence
 * GET /calls answers with the number of POST requests so far.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { max_connections = 65536, max_events = 256, max_chunks = 256, request_limit = 1 << 21 };

static const int64_t event_gap = 250 * 1000, slow_delay = 300 * 1000 * 1000;

struct bytes {
    char *start;
    size_t length;
};

struct connection {
    char *request;
    size_t length, capacity;
    struct bytes out;
    size_t written;
    int is_open, next_chunk, waits_for_room, is_listed_as_due;
    /* Monotonic nanoseconds; 0: nothing is due. */
    int64_t due;
};

static struct connection connections[max_connections];
static int due_list[max_connections], due_count;
static struct bytes answers[3], head_of_stream, chunks[max_chunks];
static const char *const answer_names[3] = {"json-1k", "json-100k", "json-1m"};
static int chunk_count, poller;
static long calls;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct bytes read_file(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    fseek(file, 0, SEEK_END);
    struct bytes bytes = {.length = (size_t)ftell(file)};
    rewind(file);
    bytes.start = malloc(bytes.length + 1);
    if (!bytes.start || fread(bytes.start, 1, bytes.length, file) != bytes.length) fail(path);
    bytes.start[bytes.length] = 0;
    fclose(file);
    return bytes;
}

static struct bytes with_head(const char *type, const char *framing, struct bytes body) {
    struct bytes bytes = {.start = malloc(body.length + 1024)};
    if (!bytes.start) fail("malloc");
    int head = sprintf(bytes.start,
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: %s\r\n%s"
        "x-request-id: req_4f0c1be2a87d4a52b1c1d5d0a2f3e6b7\r\nopenai-version: 2020-10-01\r\n"
        "openai-organization: bench\r\nopenai-processing-ms: 1\r\n"
        "x-ratelimit-remaining-requests: 9999\r\n\r\n", type, framing);
    memcpy(bytes.start + head, body.start, body.length);
    bytes.length = (size_t)head + body.length;
    return bytes;
}

/* Prepares all answers in memory. */
static void prepare(const char *folder) {
    for (int index = 0; index < 3; index++) {
        struct bytes body = read_file(folder, answer_names[index]);
        char framing[64];
        snprintf(framing, sizeof framing, "Content-Length: %zu\r\n", body.length);
        answers[index] = with_head("application/json", framing, body);
        free(body.start);
    }
    head_of_stream = with_head("text/event-stream; charset=utf-8", "Transfer-Encoding: chunked\r\n",
        (struct bytes){.start = "", .length = 0});
    struct bytes stream = read_file(folder, "sse");
    for (char *event = stream.start, *end; (end = strstr(event, "\n\n")) != NULL; event = end + 2) {
        size_t length = (size_t)(end + 2 - event);
        if (chunk_count == max_chunks - 1) fail("sse: too many events");
        struct bytes *chunk = &chunks[chunk_count++];
        chunk->start = malloc(length + 32);
        if (!chunk->start) fail("malloc");
        int line = sprintf(chunk->start, "%zx\r\n", length);
        memcpy(chunk->start + line, event, length);
        memcpy(chunk->start + line + length, "\r\n", 2);
        chunk->length = (size_t)line + length + 2;
    }
    free(stream.start);
    chunks[chunk_count++] = (struct bytes){.start = "0\r\n\r\n", .length = 5};
}

static void watch(int client, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.fd = client};
    epoll_ctl(poller, operation, client, &event);
}

static void close_client(int client) {
    struct connection *connection = &connections[client];
    connection->is_open = 0;
    connection->due = 0;
    connection->length = 0;
    free(connection->request);
    connection->request = NULL;
    connection->capacity = 0;
    close(client);
}

static void write_out(int client) {
    struct connection *connection = &connections[client];
    while (connection->written < connection->out.length) {
        ssize_t count = write(client, connection->out.start + connection->written,
            connection->out.length - connection->written);
        if (count < 0) {
            if (errno != EAGAIN) return close_client(client);
            if (!connection->waits_for_room) watch(client, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            connection->waits_for_room = 1;
            return;
        }
        connection->written += (size_t)count;
    }
    if (connection->waits_for_room) watch(client, EPOLLIN, EPOLL_CTL_MOD);
    connection->waits_for_room = 0;
}

static void send_bytes(int client, struct bytes bytes) {
    connections[client].out = bytes;
    connections[client].written = 0;
    write_out(client);
}

static void send_later(int client, int chunk, int64_t time) {
    connections[client].next_chunk = chunk;
    /* A place in the list may outlive the connection that it was for by a turn of the loop. */
    if (!connections[client].is_listed_as_due) due_list[due_count++] = client;
    connections[client].is_listed_as_due = 1;
    connections[client].due = time;
}

static void answer(int client, const char *request, size_t length) {
    if (memcmp(request, "GET ", 4) == 0) {
        static char text[256];
        char number[32];
        int digits = snprintf(number, sizeof number, "%ld", calls);
        size_t count = (size_t)snprintf(text, sizeof text,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
            digits, number);
        return send_bytes(client, (struct bytes){.start = text, .length = count});
    }
    calls++;
    const char *model = memmem(request, length, "\"model\":\"", 9);
    model = model ? model + 9 : "json-1k\"";
    for (int index = 0; index < 3; index++) {
        size_t name = strlen(answer_names[index]);
        if (strncmp(model, answer_names[index], name) == 0 && model[name] == '"')
            return send_bytes(client, answers[index]);
    }
    if (strncmp(model, "slow-1k\"", 8) == 0) return send_later(client, -1, now() + slow_delay);
    static char first[8192];
    memcpy(first, head_of_stream.start, head_of_stream.length);
    memcpy(first + head_of_stream.length, chunks[0].start, chunks[0].length);
    send_bytes(client,
        (struct bytes){.start = first, .length = head_of_stream.length + chunks[0].length});
    if (strncmp(model, "sse\"", 4) == 0) send_later(client, 1, now() + event_gap);
}

/* Sends what is due, and returns the nanoseconds until the next is; -1: nothing is awaited. */
static int64_t send_due(void) {
    int64_t time = now(), earliest = -1;
    int kept = 0, count = due_count;
    for (int index = 0; index < count; index++) {
        int client = due_list[index];
        struct connection *connection = &connections[client];
        if (connection->due != 0 && connection->due <= time) {
            if (connection->next_chunk < 0) {
                connection->due = 0;
                send_bytes(client, answers[0]);
            } else {
                send_bytes(client, chunks[connection->next_chunk++]);
                if (connection->due != 0)
                    connection->due = connection->next_chunk < chunk_count
                        ? connection->due + event_gap : 0;
            }
        }
        if (connection->due == 0) {
            connection->is_listed_as_due = 0;
            continue;
        }
        int64_t rest = connection->due > time ? connection->due - time : 0;
        if (earliest < 0 || rest < earliest) earliest = rest;
        due_list[kept++] = client;
    }
    due_count = kept;
    return earliest;
}

/* Takes whole requests off what has come: a head, and as many bytes as Content-Length says. */
static void take_requests(int client) {
    struct connection *connection = &connections[client];
    while (connection->is_open && connection->length > 0) {
        char *end = memmem(connection->request, connection->length, "\r\n\r\n", 4);
        if (!end) return;
        size_t head = (size_t)(end + 4 - connection->request), body = 0;
        for (char *line = connection->request; line < end;) {
            line = memchr(line, '\n', (size_t)(end + 2 - line));
            if (!line) break;
            line++;
            if (strncasecmp(line, "content-length:", 15) == 0) body = strtoul(line + 15, NULL, 10);
        }
        if (connection->length < head + body) return;
        answer(client, connection->request, head + body);
        if (!connection->is_open) return;
        connection->length -= head + body;
        memmove(connection->request, connection->request + head + body, connection->length);
    }
}

static void read_from(int client) {
    struct connection *connection = &connections[client];
    for (;;) {
        if (connection->capacity < connection->length + 4096) {
            if (connection->capacity > request_limit) return close_client(client);
            connection->capacity = connection->capacity ? connection->capacity * 2 : 4096;
            if (connection->capacity < connection->length + 4096) connection->capacity += 4096;
            connection->request = realloc(connection->request, connection->capacity + 1);
            if (!connection->request) fail("realloc");
        }
        ssize_t count = read(client, connection->request + connection->length,
            connection->capacity - connection->length);
        if (count == 0 || (count < 0 && errno != EAGAIN)) return close_client(client);
        if (count < 0) return;
        connection->length += (size_t)count;
        connection->request[connection->length] = 0;
        take_requests(client);
        if (!connection->is_open) return;
    }
}

static void accept_all(int listener) {
    int client, on = 1;
    while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (client >= max_connections) {
            close(client);
            continue;
        }
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[client].is_open = 1;
        connections[client].waits_for_room = 0;
        connections[client].out.length = connections[client].written = 0;
        watch(client, EPOLLIN, EPOLL_CTL_ADD);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: upstream PORT FOLDER\n");
        return 64;
    }
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGPIPE, SIG_IGN);
    prepare(argv[2]);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)atoi(argv[1])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
    if (listen(listener, 4096) < 0) fail("listen");
    poller = epoll_create1(0);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    static struct epoll_event events[max_events];
    for (;;) {
        int64_t wait = due_count > 0 ? send_due() : -1;
        struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        int count = epoll_pwait2(poller, events, max_events, wait < 0 ? NULL : &timeout, NULL);
        for (int index = 0; index < count; index++) {
            int client = events[index].data.fd;
            if (client == listener) {
                accept_all(listener);
                continue;
            }
            if (!connections[client].is_open) continue;
            if (events[index].events & EPOLLOUT) write_out(client);
            if (connections[client].is_open && events[index].events & ~(uint32_t)EPOLLOUT)
                read_from(client);
        }
    }
}
