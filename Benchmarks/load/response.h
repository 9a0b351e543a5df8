/* Reads one HTTP/1.1 response at a time, as it comes, just far enough to know where it ends. */
#pragma once
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { head_limit = 4096 };

enum response_progress { response_incomplete, response_complete, response_broken };

struct response {
    int status, has_body, is_hit, is_collapsed;
    /* Where it stands in a chunked body. */
    enum { in_head, in_length, in_size_line, in_chunk, in_chunk_end, in_trailer } place;
    size_t rest, head_length;
    char head[head_limit + 1];
};

static void response_init(struct response *response) {
    response->status = response->has_body = response->is_hit = response->is_collapsed = 0;
    response->place = in_head;
    response->rest = response->head_length = 0;
}

static enum response_progress response_read_head(struct response *response) {
    response->status = atoi(response->head + 9);
    response->is_hit = strcasestr(response->head, "reprise; hit") != NULL
        || strcasestr(response->head, "x-cache: hit") != NULL;
    response->is_collapsed = strcasestr(response->head, "; collapsed") != NULL;
    if (strcasestr(response->head, "transfer-encoding: chunked")) {
        response->place = in_size_line;
        response->rest = 0;
        return response_incomplete;
    }
    const char *length = strcasestr(response->head, "content-length:");
    if (!length) return response_broken;
    response->place = in_length;
    response->rest = strtoul(length + 15, NULL, 10);
    return response->rest == 0 ? response_complete : response_incomplete;
}

/* Takes the next bytes. A response must end where the bytes end: nothing is pipelined. */
static enum response_progress response_read(
    struct response *response, const char *bytes, size_t count) {
    size_t at = 0;
    while (at < count) {
        char byte = bytes[at];
        switch (response->place) {
        case in_head:
            if (response->head_length == head_limit) return response_broken;
            response->head[response->head_length++] = byte;
            at++;
            if (response->head_length < 4
                || memcmp(response->head + response->head_length - 4, "\r\n\r\n", 4) != 0) break;
            response->head[response->head_length] = 0;
            enum response_progress progress = response_read_head(response);
            if (progress != response_incomplete) return progress;
            break;
        case in_length:
        case in_chunk: {
            size_t part = count - at < response->rest ? count - at : response->rest;
            response->has_body = 1;
            response->rest -= part;
            at += part;
            if (response->rest > 0) break;
            if (response->place == in_length)
                return at == count ? response_complete : response_broken;
            response->place = in_chunk_end;
            break;
        }
        case in_size_line:
            at++;
            if (byte == '\n') {
                response->place = response->rest > 0 ? in_chunk : in_trailer;
            } else if (byte != '\r') {
                int digit = byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10;
                if (digit < 0 || digit > 15) return response_broken;
                response->rest = response->rest * 16 + (size_t)digit;
            }
            break;
        case in_chunk_end:
            at++;
            if (byte == '\n') response->place = in_size_line;
            break;
        case in_trailer:
            at++;
            if (byte == '\n') return at == count ? response_complete : response_broken;
            break;
        }
    }
    return response_incomplete;
}
