#include <sqlite3.h>

// Swift imports neither the pointer constants nor the variadic functions of SQLite.

static inline sqlite3_destructor_type reprise_sqlite3_transient(void) {
    return SQLITE_TRANSIENT;
}

static inline int reprise_sqlite3_db_config_int(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

// The first region of the index that SQLite keeps in shared memory beside a write-ahead log
// (https://www.sqlite.org/walformat.html), or null. It stays mapped while the connection is open.
// Only on the thread that uses the connection, and after it has read something in WAL mode.
static inline void *reprise_sqlite3_wal_index(sqlite3 *database) {
    sqlite3_file *file = 0;
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK
        || file == 0 || file->pMethods == 0 || file->pMethods->iVersion < 2
        || file->pMethods->xShmMap == 0) {
        return 0;
    }
    void volatile *region = 0;
    if (file->pMethods->xShmMap(file, 0, 32768, 0, &region) != SQLITE_OK) return 0;
    return (void *)region;
}

// A word of memory that other processes write to.
static inline unsigned int reprise_shared_word(const void *region, int index) {
    return __atomic_load_n((const unsigned int *)region + index, __ATOMIC_ACQUIRE);
}
