#include <sqlite3.h>

// Swift imports neither the pointer constants nor the variadic functions of SQLite.

static inline sqlite3_destructor_type reprise_sqlite3_transient(void) {
    return SQLITE_TRANSIENT;
}

static inline int reprise_sqlite3_db_config_int(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}
