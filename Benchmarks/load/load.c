/* The load for what wrk cannot do: time to the first byte, unique requests, a fixed rate with
 * latencies counted from when a request was due, bursts, and streams that are held open.
 *
 *     load --port PORT --request FILE [options]
 *
 * FILE holds one whole HTTP/1.1 request. With --unique N, the last run of 20 zeros in it is replaced
 * by N, N + 1, ... in decimal, so that its length stays the same; with --stride K by N, N + K, ...
 * The result is one line of JSON.
 *
 *   --connections N   1 by default; each has at most one request on its way
 *   --count N         requests in all; or --seconds S
 *   --rate R          requests a second, due at even distances, whatever the server does
 *   --burst           connects all, then sends one request on each at once
 *   --hold            one request on each; when each has had its first byte of body, prints
 *                     "held N", and keeps them all until standard input ends
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

#include "response.h"

enum { max_events = 256, digits = 20, connecting_at_once = 256 };

struct connection {
    int socket;
    int is_busy, has_first;
    int64_t begun, first;
    char *request;
    struct response response;
};

static struct {
    int port, connections, burst, hold, is_unique;
    long count;
    double seconds, rate;
    unsigned long unique, stride;
} options = {.connections = 1, .stride = 1};

static struct connection *connections;
static char *template_request;
static size_t template_length, unique_place;
static int poller, held, lost;
static long sent, finished, errors, hits, collapsed, sample_capacity;
static int64_t *first_samples, *whole_samples, started;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void load_request(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    fseek(file, 0, SEEK_END);
    template_length = (size_t)ftell(file);
    rewind(file);
    template_request = malloc(template_length + 1);
    if (!template_request || fread(template_request, 1, template_length, file) != template_length)
        fail(path);
    template_request[template_length] = 0;
    fclose(file);
    char *place = NULL, *next = template_request;
    while ((next = strstr(next, "00000000000000000000")) != NULL) place = next++;
    if (options.is_unique && !place) {
        fprintf(stderr, "load: %s has no 20 zeros for --unique\n", path);
        exit(64);
    }
    unique_place = place ? (size_t)(place - template_request) : 0;
}

static void watch(struct connection *connection, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(poller, operation, connection->socket, &event);
}

static void open_connection(struct connection *connection) {
    connection->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->socket < 0) fail("socket");
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)options.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (connect(connection->socket, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    int on = 1;
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* Requests are small, so they are written in one go; reads are what must not block. */
    connection->is_busy = 0;
    response_init(&connection->response);
    watch(connection, EPOLLIN, EPOLL_CTL_ADD);
}

static void send_request(struct connection *connection, int64_t due) {
    if (options.is_unique) {
        if (!connection->request) {
            connection->request = malloc(template_length);
            if (!connection->request) fail("malloc");
            memcpy(connection->request, template_request, template_length);
        }
        char number[digits + 1];
        snprintf(number, sizeof number, "%020lu", options.unique);
        options.unique += options.stride;
        memcpy(connection->request + unique_place, number, digits);
    }
    const char *bytes = connection->request ? connection->request : template_request;
    connection->is_busy = 1;
    connection->has_first = 0;
    connection->begun = due ? due : now();
    response_init(&connection->response);
    for (size_t written = 0; written < template_length;) {
        ssize_t count = write(connection->socket, bytes + written, template_length - written);
        if (count <= 0) break;
        written += (size_t)count;
    }
    sent++;
}

static void add_sample(struct connection *connection, int64_t time) {
    if (finished == sample_capacity) {
        sample_capacity = sample_capacity ? sample_capacity * 2 : 1 << 16;
        size_t bytes = (size_t)sample_capacity * sizeof *first_samples;
        first_samples = realloc(first_samples, bytes);
        whole_samples = realloc(whole_samples, bytes);
        if (!first_samples || !whole_samples) fail("realloc");
    }
    first_samples[finished] = connection->first - connection->begun;
    whole_samples[finished++] = time - connection->begun;
    if (connection->response.status != 200) errors++;
    if (connection->response.is_hit) hits++;
    if (connection->response.is_collapsed) collapsed++;
}

/* Reads what has come; returns whether a response was completed. */
static int read_response(struct connection *connection) {
    static char bytes[1 << 18];
    ssize_t count = recv(connection->socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return 0;
    if (count <= 0) {
        if (connection->is_busy) errors++;
        if (options.hold) lost++;
        close(connection->socket);
        if (options.hold || options.burst) {
            connection->is_busy = 0;
            return 0;
        }
        sent -= connection->is_busy;
        open_connection(connection);
        return 1;
    }
    int64_t time = now();
    enum response_progress progress =
        response_read(&connection->response, bytes, (size_t)count);
    if (progress == response_broken) {
        fprintf(stderr, "load: the response cannot be read\n");
        exit(1);
    }
    if (!connection->has_first && connection->response.has_body) {
        connection->has_first = 1;
        connection->first = time;
        if (connection->response.status == 200) held++;
        else lost++;
    }
    if (progress != response_complete) return 0;
    if (!connection->has_first) connection->first = time;
    connection->is_busy = 0;
    add_sample(connection, time);
    return 1;
}

static int is_over(int64_t time) {
    if (options.count && sent >= options.count) return 1;
    return options.seconds > 0 && (double)(time - started) >= options.seconds * 1e9;
}

static void handle_events(int timeout, int sends_next) {
    static struct epoll_event events[max_events];
    int count = epoll_wait(poller, events, max_events, timeout);
    for (int index = 0; index < count; index++) {
        struct connection *connection = events[index].data.ptr;
        if (read_response(connection) && sends_next && !is_over(now()))
            send_request(connection, 0);
    }
}

static int busy_count(void) {
    int busy = 0;
    for (int index = 0; index < options.connections; index++) busy += connections[index].is_busy;
    return busy;
}

static void finish_all(void) {
    int64_t limit = now() + 10000000000LL;
    while (busy_count() > 0 && now() < limit) handle_events(100, 0);
    errors += busy_count();
}

/* A request is due every 1/rate seconds; one that finds no free connection waits, and its wait
 * counts. Spins, for a timer would be late by as much as is measured. */
static void run_at_rate(void) {
    int next = 0;
    for (;;) {
        int64_t time = now(), due = started + (int64_t)((double)sent * 1e9 / options.rate);
        if (is_over(time)) break;
        if (time >= due) {
            for (int tried = 0; tried < options.connections; tried++) {
                struct connection *connection = &connections[next];
                next = (next + 1) % options.connections;
                if (connection->is_busy) continue;
                send_request(connection, due);
                break;
            }
        }
        handle_events(0, 0);
    }
    finish_all();
}

static void run_closed(void) {
    for (int index = 0; index < options.connections && !is_over(now()); index++)
        send_request(&connections[index], 0);
    while (!is_over(now())) handle_events(100, 1);
    finish_all();
}

static void run_held(void) {
    int64_t limit = now() + 60000000000LL;
    for (int index = 0; index < options.connections; index++) {
        open_connection(&connections[index]);
        send_request(&connections[index], 0);
        while (index + 1 - held > connecting_at_once && now() < limit) handle_events(100, 0);
    }
    while (held < options.connections && lost == 0 && now() < limit) handle_events(100, 0);
    printf("held %d\n", held - lost);
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (;;) {
        static struct epoll_event events[max_events];
        int count = epoll_wait(poller, events, max_events, -1);
        for (int index = 0; index < count; index++) {
            if (events[index].data.ptr == NULL) {
                printf("{\"held\":%d,\"lost\":%d}\n", held - lost, lost);
                return;
            }
            read_response(events[index].data.ptr);
        }
    }
}

static int compare(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Writes percentiles in microseconds. */
static void print_percentiles(const char *name, int64_t *samples) {
    static const struct {
        const char *name;
        double part;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};
    qsort(samples, (size_t)finished, sizeof *samples, compare);
    printf(",\"%s\":{", name);
    for (size_t index = 0; index < sizeof points / sizeof *points; index++) {
        long place = (long)(points[index].part * (double)finished);
        if (place >= finished) place = finished - 1;
        printf("%s\"%s\":%.1f", index ? "," : "", points[index].name,
            finished > 0 && samples ? (double)samples[place] / 1000 : 0);
    }
    printf("}");
}

static void read_options(int argc, char **argv) {
    const char *request = NULL;
    for (int index = 1; index < argc; index++) {
        const char *name = argv[index], *value = index + 1 < argc ? argv[index + 1] : "0";
        if (strcmp(name, "--burst") == 0) options.burst = 1;
        else if (strcmp(name, "--hold") == 0) options.hold = 1;
        else {
            index++;
            if (strcmp(name, "--port") == 0) options.port = atoi(value);
            else if (strcmp(name, "--request") == 0) request = value;
            else if (strcmp(name, "--connections") == 0) options.connections = atoi(value);
            else if (strcmp(name, "--count") == 0) options.count = atol(value);
            else if (strcmp(name, "--seconds") == 0) options.seconds = atof(value);
            else if (strcmp(name, "--rate") == 0) options.rate = atof(value);
            else if (strcmp(name, "--stride") == 0) options.stride = strtoul(value, NULL, 10);
            else if (strcmp(name, "--unique") == 0) {
                options.is_unique = 1;
                options.unique = strtoul(value, NULL, 10);
            } else request = NULL, options.port = 0;
        }
    }
    if (!request || !options.port || options.connections < 1) {
        fprintf(stderr, "usage: load --port PORT --request FILE [options]; see load.c\n");
        exit(64);
    }
    load_request(request);
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGPIPE, SIG_IGN);
    poller = epoll_create1(0);
    connections = calloc((size_t)options.connections, sizeof *connections);
    if (!connections) fail("calloc");
    if (options.hold) {
        run_held();
        return 0;
    }
    for (int index = 0; index < options.connections; index++) open_connection(&connections[index]);
    started = now();
    if (options.burst) options.count = options.connections;
    if (options.rate > 0) run_at_rate();
    else run_closed();
    double seconds = (double)(now() - started) / 1e9;
    printf("{\"requests\":%ld,\"errors\":%ld,\"hits\":%ld,\"collapsed\":%ld,\"seconds\":%.6f",
        finished, errors, hits, collapsed, seconds);
    print_percentiles("first", first_samples);
    print_percentiles("whole", whole_samples);
    printf("}\n");
    return 0;
}
