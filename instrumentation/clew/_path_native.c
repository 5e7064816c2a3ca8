/* The common case of a request, compiled: see `_path.py`.

   Each function here does what one in Python does, object for object, which the tests hold it to:
   `asgi` what `asgi._Exchange.__init__` and `begin` do, `wsgi` the same of `wsgi.WsgiExchange`,
   `client` what `HttpClient.begin` does, and `end` and `end_client` what their ends do. Anything
   out of the common (a caller that is new or not trusted, baggage, a trace state, a parent that is
   not sampled, an error, somebody's span processor) is answered with None before anything was
   changed, and is left to Python.

   It is C by hand, and small, because what it costs a busy service is less the instructions than
   the room that they take in the processor's cache. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <structmember.h> /* PyMemberDef, before Python 3.12 */
#include <string.h>

typedef unsigned long long u64;

/* What Python tells at import, by name; see `bind`. */
static PyObject *Context, *ClewSpan, *SpanContext, *Shared;
static PyObject *NO_STATE, *FLAGS, *ROOT_FLAGS, *SERVER, *CLIENT, *OTHER_METHOD, *ANY_METHOD;
static PyObject *KEY, *BAGGAGE_KEY, *SPAN_KEY, *SUPPRESS, *SUPPRESS_ALL;
static PyObject *CORRELATION_ID, *URL_PATH, *URL_QUERY, *URL_FULL, *HTTP_ROUTE, *STATUS_CODE;
static PyObject *variable, *time_ns, *getrandbits, *redacted_query, *clean_url;

static const struct {
    const char *name;
    PyObject **where;
} TOLD[] = {
    {"Context", &Context}, {"ClewSpan", &ClewSpan}, {"SpanContext", &SpanContext},
    {"Shared", &Shared}, {"NO_STATE", &NO_STATE}, {"FLAGS", &FLAGS},
    {"ROOT_FLAGS", &ROOT_FLAGS}, {"SERVER", &SERVER}, {"CLIENT", &CLIENT},
    {"OTHER_METHOD", &OTHER_METHOD}, {"ANY_METHOD", &ANY_METHOD}, {"KEY", &KEY},
    {"BAGGAGE_KEY", &BAGGAGE_KEY}, {"SPAN_KEY", &SPAN_KEY}, {"SUPPRESS", &SUPPRESS},
    {"SUPPRESS_ALL", &SUPPRESS_ALL}, {"CORRELATION_ID", &CORRELATION_ID},
    {"URL_PATH", &URL_PATH}, {"URL_QUERY", &URL_QUERY}, {"URL_FULL", &URL_FULL},
    {"HTTP_ROUTE", &HTTP_ROUTE}, {"STATUS_CODE", &STATUS_CODE}, {"variable", &variable},
    {"time_ns", &time_ns}, {"getrandbits", &getrandbits}, {"redacted_query", &redacted_query},
    {"clean_url", &clean_url},
};

/* Made here, once. */
static PyObject *no_arguments, *zero, *nothing, *bits_64, *bits_128, *traceparent, *baggage;
static PyObject *k_method, *k_scheme, *k_http_version, *k_client, *k_path, *k_query, *k_headers;
static PyObject *e_method, *e_scheme, *e_host, *e_name, *e_protocol, *e_address, *e_agent;
static PyObject *k_type, *k_status, *k_trailers, *k_more, *k_response_start, *k_response_body;
static PyObject *k_route, *k_mounted, *k_fastapi, *k_included, *a_format, *a_original;
static PyObject *m_send, *m_send_last, *m_fail, *m_finish, *m_close;
static PyObject *e_script, *e_path, *e_query, *e_parent, *e_state, *e_baggage, *processors_name;

/* Where a class keeps its slots. An object's offset is its member descriptor's. */
#define SLOT(object, offset) (*(PyObject **)((char *)(object) + (offset)))

enum { S_TRACER, S_NAME, S_CONTEXT, S_PARENT, S_KIND, S_ATTRIBUTES, S_SHARED, S_START, S_END,
       S_HISTOGRAM, S_MEASURED, S_COUNT };
static const char *const SPAN[] = {"_tracer", "_name", "_context", "_parent", "_kind",
    "_attributes", "_shared", "_start_time", "_end_time", "_histogram", "_measured"};
static Py_ssize_t span_at[S_COUNT], shared_attributes_at;

/* Of all exchanges first, then those of one kind of server. */
enum { X_ERROR, X_METHOD, X_SCHEME, X_SPAN, X_START, X_STATUS, X_THREAD, X_CONTEXT, X_MIDDLEWARE,
       X_FINISHED, X_ENDED, X_COMMON,
       A_SCOPE = X_COMMON, A_ROUTED, A_RECEIVE, A_SEND, A_END, A_TRAILERS, A_LEFT, A_HEADER, A_COUNT,
       W_ENVIRON = X_COMMON, W_RESPONSE, W_PATH, W_ROUTE, W_COUNT,
       C_CLIENT = 0, C_SPAN, C_PLACE, C_START, C_CONTEXT, C_COUNT };
static const char *const ASGI[] = {"error", "method", "scheme", "span", "start", "status", "thread",
    "context", "_middleware", "_finished", "_ended",
    "_scope", "routed", "_receive", "_send", "_end", "_trailers", "_client_left", "_id_header"};
static const char *const WSGI[] = {"error", "method", "scheme", "span", "start", "status", "thread",
    "context", "_middleware", "_finished", "_ended",
    "_environ", "_start_response", "_path", "route"};
static const char *const CALL[] = {"_client", "_span", "_place", "_start", "context"};

/* Offsets of the slots `names` of `type`; -1 with an error. */
static int offsets(PyObject *type, const char *const *names, int count, Py_ssize_t *into)
{
    for (int at = 0; at < count; at++) {
        PyObject *member = PyObject_GetAttrString(type, names[at]);
        if (member == NULL)
            return -1;
        if (!Py_IS_TYPE(member, &PyMemberDescr_Type)) {
            PyErr_Format(PyExc_TypeError, "%R has no slot %s", type, names[at]);
            Py_DECREF(member);
            return -1;
        }
        into[at] = ((PyMemberDescrObject *)member)->d_member->offset;
        Py_DECREF(member);
    }
    return 0;
}

/* An instance with empty slots. */
static inline PyObject *fresh(PyObject *type)
{
    return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
}

static inline PyObject *kept(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

/* One user of the path: a server's middleware, or the hook of a client library. */
typedef struct {
    PyObject_HEAD
    PyObject *tracer, *processor, *put, *append, *items;
    Py_ssize_t high;
    PyObject *known;       /* dict: key → Caller, or → _Place */
    PyObject *correlation; /* tuple of header names; of a client one, which it writes */
    PyObject *id_header;   /* name of the response's header (ASGI: bytes) */
    PyObject *kind;        /* the class of exchange, or of call */
    Py_ssize_t at[A_COUNT];
} Path;

/* 1 if somebody's span processor wants to see spans; -1 with an error. */
static int processed(Path *self)
{
    PyObject *processors = PyObject_GetAttr(self->processor, processors_name);
    if (processors == NULL)
        return -1;
    int some = PyObject_IsTrue(processors);
    Py_DECREF(processors);
    return some;
}

/* ---- ids ---- */

static inline int hex_value(unsigned char digit)
{
    return digit >= '0' && digit <= '9' ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* `count` lower-case hexadecimal digits as a number; 0 also where one is none. */
static u64 from_hex(const char *text, int count)
{
    u64 value = 0;
    for (int at = 0; at < count; at++) {
        int digit = hex_value((unsigned char)text[at]);
        if (digit < 0)
            return 0;
        value = value << 4 | (u64)digit;
    }
    return value;
}

static void to_hex(u64 value, char *text, int count)
{
    while (count--) {
        text[count] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

static int random_64(u64 *into)
{
    PyObject *number = PyObject_CallOneArg(getrandbits, bits_64);
    if (number == NULL)
        return -1;
    *into = PyLong_AsUnsignedLongLong(number);
    Py_DECREF(number);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *random_id(PyObject *bits)
{
    PyObject *number = PyObject_CallOneArg(getrandbits, bits);
    if (number != NULL && PyObject_IsTrue(number) == 0) {
        Py_DECREF(number);
        number = PyLong_FromLong(1);
    }
    return number;
}

static PyObject *new_thread(char digits[32])
{
    u64 high, low;
    if (random_64(&high) < 0 || random_64(&low) < 0)
        return NULL;
    to_hex(high, digits, 16);
    to_hex(low, digits + 16, 16);
    return PyUnicode_FromStringAndSize(digits, 32);
}

/* Whether a correlation id is one: see `correlation.is_valid`. */
static int valid_thread(const char *text, Py_ssize_t size)
{
    if (size < 1 || size > 128)
        return 0;
    for (Py_ssize_t at = 0; at < size; at++)
        if (text[at] < 0x20 || text[at] > 0x7E)
            return 0;
    return 1;
}

/* A SpanContext; steals `trace_id` and `span_id`, either of which may be NULL after an error. */
static PyObject *span_context(PyObject *trace_id, PyObject *span_id, PyObject *remote, PyObject *flags)
{
    PyObject *made = NULL;
    if (trace_id != NULL && span_id != NULL)
        made = ((PyTypeObject *)SpanContext)->tp_alloc((PyTypeObject *)SpanContext, 6);
    if (made == NULL) {
        Py_XDECREF(trace_id);
        Py_XDECREF(span_id);
        return NULL;
    }
    PyTuple_SET_ITEM(made, 0, trace_id);
    PyTuple_SET_ITEM(made, 1, span_id);
    PyTuple_SET_ITEM(made, 2, kept(remote));
    PyTuple_SET_ITEM(made, 3, kept(flags));
    PyTuple_SET_ITEM(made, 4, kept(NO_STATE));
    PyTuple_SET_ITEM(made, 5, kept(Py_True));
    return made;
}

/* A traceparent of version 00 as the parent's context; NULL without an error: not for here. */
static PyObject *parent_of(const char *line, Py_ssize_t size)
{
    if (size != 55 || memcmp(line, "00-", 3) || line[35] != '-' || line[52] != '-')
        return NULL;
    int upper = hex_value((unsigned char)line[53]), lower = hex_value((unsigned char)line[54]);
    u64 span_id = from_hex(line + 36, 16);
    if (upper < 0 || lower < 0 || !(lower & 1) || span_id == 0)
        return NULL;
    char digits[33];
    int some = 0;
    for (int at = 0; at < 32; at++) {
        int digit = hex_value((unsigned char)line[3 + at]);
        if (digit < 0)
            return NULL;
        some |= digit;
        digits[at] = line[3 + at];
    }
    if (!some)
        return NULL;
    digits[32] = 0;
    return span_context(PyLong_FromString(digits, NULL, 16), PyLong_FromUnsignedLongLong(span_id),
                        Py_True, PyTuple_GET_ITEM(FLAGS, lower & 3));
}

/* The context of a new span: of its parent's trace, or the first of a new one. */
static PyObject *own_context(PyObject *parent)
{
    if (parent == NULL)
        return span_context(random_id(bits_128), random_id(bits_64), Py_False, ROOT_FLAGS);
    return span_context(kept(PyTuple_GET_ITEM(parent, 0)), random_id(bits_64), Py_False,
                        PyTuple_GET_ITEM(parent, 3));
}

/* ---- starting ---- */

/* A span. Steals `attributes`, which may be NULL after an error. */
static PyObject *new_span(Path *self, PyObject *name, PyObject *parent, PyObject *kind,
                          PyObject *attributes, PyObject *start, PyObject *shared)
{
    PyObject *context = attributes == NULL ? NULL : own_context(parent);
    PyObject *span = context == NULL ? NULL : fresh(ClewSpan);
    if (span == NULL) {
        Py_XDECREF(attributes);
        Py_XDECREF(context);
        return NULL;
    }
    SLOT(span, span_at[S_TRACER]) = kept(self->tracer);
    SLOT(span, span_at[S_NAME]) = kept(name);
    SLOT(span, span_at[S_CONTEXT]) = context;
    SLOT(span, span_at[S_PARENT]) = kept(parent == NULL ? Py_None : parent);
    SLOT(span, span_at[S_KIND]) = kept(kind);
    SLOT(span, span_at[S_ATTRIBUTES]) = attributes;
    SLOT(span, span_at[S_SHARED]) = kept(shared);
    SLOT(span, span_at[S_START]) = kept(start);
    SLOT(span, span_at[S_END]) = kept(Py_None);
    SLOT(span, span_at[S_HISTOGRAM]) = kept(Py_None);
    return span;
}

/* A copy of what `shared` begins with, and one more. */
static PyObject *attributes_of(PyObject *shared, PyObject *key, PyObject *value)
{
    PyObject *made = PyDict_Copy(SLOT(shared, shared_attributes_at));
    if (made != NULL && PyDict_SetItem(made, key, value) < 0)
        Py_CLEAR(made);
    return made;
}

/* 1 if this process's current context is empty; 0 if not; -1 with an error. */
static int nothing_current(void)
{
    PyObject *current;
    if (PyContextVar_Get(variable, NULL, &current) < 0)
        return -1;
    int empty = current != NULL && PyDict_Check(current) && PyDict_GET_SIZE(current) == 0;
    Py_XDECREF(current);
    return empty;
}

/* The context that a request is handled in. */
static PyObject *request_context(PyObject *thread, PyObject *span)
{
    PyTypeObject *type = (PyTypeObject *)Context;
    PyObject *carried = PyDict_New(), *made = NULL;
    if (carried != NULL && PyDict_SetItem(carried, CORRELATION_ID, thread) == 0)
        made = type->tp_new(type, no_arguments, NULL);
    if (made != NULL && (PyDict_SetItem(made, KEY, thread) < 0
                         || PyDict_SetItem(made, BAGGAGE_KEY, carried) < 0
                         || PyDict_SetItem(made, SPAN_KEY, span) < 0))
        Py_CLEAR(made);
    Py_XDECREF(carried);
    return made;
}

/* The exchange of a request that was found common: all that servers of both kinds have. `caller`
   and `thread` are borrowed. */
static PyObject *new_exchange(Path *self, PyObject *middleware, PyObject *caller, PyObject *thread,
                              PyObject *parent, PyObject *path, PyObject *query)
{
    const Py_ssize_t *at = self->at;
    PyObject *method = PyTuple_GET_ITEM(caller, 0), *shared = PyTuple_GET_ITEM(caller, 2);
    PyObject *started = PyTuple_GET_ITEM(caller, 3), *made = fresh(self->kind);
    if (made == NULL)
        return NULL;
    SLOT(made, at[X_ERROR]) = kept(nothing);
    SLOT(made, at[X_METHOD]) = kept(method);
    SLOT(made, at[X_SCHEME]) = kept(PyTuple_GET_ITEM(caller, 1));
    SLOT(made, at[X_STATUS]) = kept(zero);
    SLOT(made, at[X_THREAD]) = kept(thread);
    SLOT(made, at[X_MIDDLEWARE]) = kept(middleware);
    SLOT(made, at[X_FINISHED]) = kept(Py_False);
    SLOT(made, at[X_ENDED]) = kept(PyTuple_GET_ITEM(caller, 4));
    PyObject *start = PyObject_CallNoArgs(time_ns);
    if (start == NULL)
        goto failed;
    SLOT(made, at[X_START]) = start;
    PyObject *attributes = attributes_of(shared, CORRELATION_ID, thread);
    if (attributes != NULL && (PyDict_SetItem(attributes, URL_PATH, path) < 0
                               || (query && PyDict_SetItem(attributes, URL_QUERY, query) < 0)))
        Py_CLEAR(attributes);
    PyObject *name = method == OTHER_METHOD ? ANY_METHOD : method;
    PyObject *span = new_span(self, name, parent, SERVER, attributes, start, shared);
    if (span == NULL)
        goto failed;
    SLOT(made, at[X_SPAN]) = span;
    if ((SLOT(made, at[X_CONTEXT]) = request_context(thread, span)) == NULL)
        goto failed;
    PyObject *count = PyIter_Next(started);
    if (count == NULL)
        goto failed;
    Py_DECREF(count);
    return made;
failed:
    Py_DECREF(made);
    return NULL;
}

/* The caller of `key`, borrowed, if it is known and trusted. Steals `key`. */
static PyObject *caller_of(Path *self, PyObject *key)
{
    if (key == NULL)
        return NULL;
    PyObject *caller = PyDict_GetItemWithError(self->known, key);
    Py_DECREF(key);
    if (caller != NULL && PyTuple_GET_ITEM(caller, 5) != Py_True)
        return NULL;
    return caller;
}

/* A value of a dict, borrowed; None where there is none. */
static inline PyObject *got(PyObject *dict, PyObject *key)
{
    PyObject *value = PyDict_GetItemWithError(dict, key);
    return value == NULL ? Py_None : value;
}

static inline int is_named(PyObject *name, const char *text, Py_ssize_t size)
{
    return PyBytes_GET_SIZE(name) == size && memcmp(PyBytes_AS_STRING(name), text, (size_t)size) == 0;
}
#define NAMED(name, text) is_named(name, text, sizeof(text) - 1)

/* What a request's headers say; borrowed, NULL where one is missing. */
typedef struct {
    PyObject *host, *agent, *parent, *thread;
} Told;

/* 1 if the headers of a scope are common; 0 if not. The last one of a name counts, as in a dict. */
static int read_headers(Path *self, PyObject *headers, Told *told)
{
    Py_ssize_t ids = PyTuple_GET_SIZE(self->correlation), first = ids;
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(headers); at++) {
        PyObject *pair = PyList_GET_ITEM(headers, at);
        if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2)
            return 0;
        PyObject *name = PyTuple_GET_ITEM(pair, 0), *value = PyTuple_GET_ITEM(pair, 1);
        if (!PyBytes_CheckExact(name) || !PyBytes_CheckExact(value))
            return 0;
        if (NAMED(name, "host"))
            told->host = value;
        else if (NAMED(name, "user-agent"))
            told->agent = value;
        else if (NAMED(name, "traceparent"))
            told->parent = value;
        else if (NAMED(name, "tracestate") || NAMED(name, "baggage"))
            return 0;
        for (Py_ssize_t id = 0; id <= first && id < ids; id++) {
            PyObject *wanted = PyTuple_GET_ITEM(self->correlation, id);
            if (is_named(name, PyBytes_AS_STRING(wanted), PyBytes_GET_SIZE(wanted)))
                told->thread = value, first = id;
        }
    }
    return 1;
}

/* asgi(middleware, scope, receive, send) → the exchange, begun; or None. */
static PyObject *path_asgi(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "asgi takes 4 arguments");
        return NULL;
    }
    PyObject *scope = given[1], *headers, *path, *query, *caller, *made = NULL;
    PyObject *thread = NULL, *parent = NULL, *id = NULL;
    Told told = {0};
    char digits[32];
    if (!PyDict_CheckExact(scope))
        Py_RETURN_NONE;
    headers = got(scope, k_headers), path = got(scope, k_path), query = got(scope, k_query);
    if (!PyList_CheckExact(headers) || !PyUnicode_Check(path)
        || (query != Py_None && !PyBytes_CheckExact(query)) || !read_headers(self, headers, &told))
        Py_RETURN_NONE;
    int busy = processed(self), empty = nothing_current();
    if (busy < 0 || empty < 0)
        return NULL;
    if (busy || !empty)
        Py_RETURN_NONE;
    PyObject *client = got(scope, k_client);
    caller = caller_of(self, PyTuple_Pack(6, got(scope, k_method), got(scope, k_scheme),
                                          told.host ? told.host : Py_None,
                                          got(scope, k_http_version),
                                          client, told.agent ? told.agent : Py_None));
    if (caller == NULL) {
        PyErr_Clear(); /* a client that cannot be hashed, say */
        Py_RETURN_NONE;
    }
    Py_INCREF(caller); /* the cache may be cleared meanwhile */
    if (told.parent != NULL) {
        parent = parent_of(PyBytes_AS_STRING(told.parent), PyBytes_GET_SIZE(told.parent));
        if (parent == NULL)
            goto other;
    }
    if (told.thread == NULL) {
        thread = new_thread(digits);
        id = thread ? PyBytes_FromStringAndSize(digits, 32) : NULL;
    } else {
        const char *text = PyBytes_AS_STRING(told.thread);
        if (!valid_thread(text, PyBytes_GET_SIZE(told.thread)))
            goto other;
        thread = PyUnicode_FromStringAndSize(text, PyBytes_GET_SIZE(told.thread));
        id = kept(told.thread);
    }
    if (thread == NULL || id == NULL)
        goto other;
    if (query == Py_None || PyBytes_GET_SIZE(query) == 0) {
        query = NULL;
    } else {
        PyObject *text = PyUnicode_DecodeLatin1(PyBytes_AS_STRING(query), PyBytes_GET_SIZE(query), NULL);
        query = text ? PyObject_CallOneArg(redacted_query, text) : NULL;
        Py_XDECREF(text);
        if (query == NULL)
            goto other;
    }
    made = new_exchange(self, given[0], caller, thread, parent, path, query);
    Py_XDECREF(query);
    if (made == NULL)
        goto other;
    const Py_ssize_t *at = self->at;
    SLOT(made, at[A_SCOPE]) = kept(scope);
    SLOT(made, at[A_ROUTED]) = kept(scope);
    SLOT(made, at[A_RECEIVE]) = kept(given[2]);
    SLOT(made, at[A_SEND]) = kept(given[3]);
    SLOT(made, at[A_END]) = kept(zero);
    SLOT(made, at[A_TRAILERS]) = kept(Py_False);
    SLOT(made, at[A_LEFT]) = kept(Py_False);
    if ((SLOT(made, at[A_HEADER]) = PyTuple_Pack(2, self->id_header, id)) == NULL)
        Py_CLEAR(made);
other:
    Py_DECREF(caller);
    Py_XDECREF(thread);
    Py_XDECREF(parent);
    Py_XDECREF(id);
    if (made == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return made;
}

/* wsgi(middleware, environ, start_response) → the exchange, begun; or None. */
static PyObject *path_wsgi(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 3) {
        PyErr_SetString(PyExc_TypeError, "wsgi takes 3 arguments");
        return NULL;
    }
    PyObject *environ = given[1], *caller, *thread = NULL, *parent = NULL, *made = NULL;
    PyObject *path = NULL, *text;
    if (!PyDict_CheckExact(environ) || got(environ, e_state) != Py_None
        || got(environ, e_baggage) != Py_None)
        Py_RETURN_NONE;
    PyObject *script = got(environ, e_script), *info = got(environ, e_path);
    PyObject *query = got(environ, e_query), *host = got(environ, e_host);
    if (!PyUnicode_CheckExact(info) || !PyUnicode_IS_ASCII(info)
        || (script != Py_None && (!PyUnicode_CheckExact(script) || !PyUnicode_IS_ASCII(script)))
        || (query != Py_None && !PyUnicode_CheckExact(query)))
        Py_RETURN_NONE;
    int busy = processed(self);
    if (busy < 0)
        return NULL;
    if (busy)
        Py_RETURN_NONE;
    if (!PyUnicode_Check(host) || PyUnicode_GET_LENGTH(host) == 0)
        host = got(environ, e_name);
    caller = caller_of(self, PyTuple_Pack(6, got(environ, e_method), got(environ, e_scheme), host,
                                          got(environ, e_protocol), got(environ, e_address),
                                          got(environ, e_agent)));
    if (caller == NULL) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    Py_INCREF(caller);
    Py_ssize_t size;
    const char *data;
    text = got(environ, e_parent);
    if (text != Py_None) {
        if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_ASCII(text))
            goto other;
        data = PyUnicode_AsUTF8AndSize(text, &size);
        if (data == NULL || (parent = parent_of(data, size)) == NULL)
            goto other;
    }
    for (Py_ssize_t id = 0; thread == NULL && id < PyTuple_GET_SIZE(self->correlation); id++) {
        text = got(environ, PyTuple_GET_ITEM(self->correlation, id));
        if (text == Py_None)
            continue;
        if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_ASCII(text))
            goto other;
        data = PyUnicode_AsUTF8AndSize(text, &size);
        if (data == NULL || !valid_thread(data, size))
            goto other;
        thread = kept(text);
    }
    char digits[32];
    if (thread == NULL && (thread = new_thread(digits)) == NULL)
        goto other;
    path = script == Py_None || PyUnicode_GET_LENGTH(script) == 0 ? kept(info)
                                                                 : PyUnicode_Concat(script, info);
    if (path == NULL)
        goto other;
    if (query == Py_None || PyUnicode_GET_LENGTH(query) == 0)
        query = NULL;
    else if ((query = PyObject_CallOneArg(redacted_query, query)) == NULL)
        goto other;
    made = new_exchange(self, given[0], caller, thread, parent, path, query);
    Py_XDECREF(query);
    if (made == NULL)
        goto other;
    const Py_ssize_t *at = self->at;
    SLOT(made, at[W_ENVIRON]) = kept(environ);
    SLOT(made, at[W_RESPONSE]) = kept(given[2]);
    SLOT(made, at[W_PATH]) = kept(path);
    SLOT(made, at[W_ROUTE]) = kept(Py_None);
other:
    Py_DECREF(caller);
    Py_XDECREF(thread);
    Py_XDECREF(parent);
    Py_XDECREF(path);
    if (made == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return made;
}

/* ---- ending ---- */

/* Hand `span` over, ended at `end` and to be measured. Steals `measured`. */
static int hand_over(Path *self, PyObject *span, PyObject *end, PyObject *histogram, PyObject *measured)
{
    Py_XSETREF(SLOT(span, span_at[S_HISTOGRAM]), kept(histogram));
    Py_XSETREF(SLOT(span, span_at[S_MEASURED]), measured);
    Py_XSETREF(SLOT(span, span_at[S_END]), kept(end));
    Py_ssize_t held = PyObject_Size(self->items);
    if (held < 0)
        return -1;
    PyObject *done = PyObject_CallOneArg(held < self->high ? self->append : self->put, span);
    if (done == NULL)
        return -1;
    Py_DECREF(done);
    return 0;
}

/* 1 if a status is that of an answer that is no server's error. */
static int is_ordinary(PyObject *status)
{
    long code = PyLong_CheckExact(status) ? PyLong_AsLong(status) : 0;
    if (code == -1)
        PyErr_Clear();
    return code > 0 && code < 500;
}

/* End an exchange's span and hand it over: 1, 0 where that is left to Python, -1 with an error. */
static int ended(Path *self, PyObject *exchange, PyObject *route, PyObject *end, PyObject *histogram)
{
    const Py_ssize_t *at = self->at;
    PyObject *span = SLOT(exchange, at[X_SPAN]), *error = SLOT(exchange, at[X_ERROR]);
    PyObject *method = SLOT(exchange, at[X_METHOD]), *status = SLOT(exchange, at[X_STATUS]);
    if (!Py_IS_TYPE(span, (PyTypeObject *)ClewSpan) || histogram == Py_None || !is_ordinary(status)
        || !PyUnicode_CheckExact(error) || PyUnicode_GET_LENGTH(error)
        || (route != Py_None && !PyUnicode_CheckExact(route)))
        return 0;
    int busy = processed(self);
    PyObject *attributes = SLOT(span, span_at[S_ATTRIBUTES]);
    if (busy || !PyDict_CheckExact(attributes))
        return busy < 0 ? -1 : 0;
    PyObject *measured = PyTuple_Pack(5, method, SLOT(exchange, at[X_SCHEME]), route, status, error);
    if (measured == NULL)
        return -1;
    if (route != Py_None) {
        PyObject *name = SLOT(span, span_at[S_NAME]);
        int unnamed = PyObject_RichCompareBool(name, method, Py_EQ); /* else the application has */
        if (unnamed == 0)
            unnamed = PyObject_RichCompareBool(name, ANY_METHOD, Py_EQ);
        if (unnamed > 0) {
            PyObject *named = PyUnicode_FromFormat("%U %U", name, route);
            if (named == NULL)
                goto failed;
            Py_SETREF(SLOT(span, span_at[S_NAME]), named);
        }
        if (unnamed < 0 || PyDict_SetItem(attributes, HTTP_ROUTE, route) < 0)
            goto failed;
    }
    if (PyDict_SetItem(attributes, STATUS_CODE, status) < 0)
        goto failed;
    return hand_over(self, span, end, histogram, measured) < 0 ? -1 : 1;
failed:
    Py_DECREF(measured);
    return -1;
}

/* end(exchange, route, end, histogram) → True; False where that is left to Python. */
static PyObject *path_end(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "end takes 4 arguments");
        return NULL;
    }
    if (!PyObject_TypeCheck(given[0], (PyTypeObject *)self->kind))
        Py_RETURN_FALSE;
    int done = ended(self, given[0], given[1], given[2], given[3]);
    return done < 0 ? NULL : PyBool_FromLong(done);
}

/* The template of the route that handled `scope`; NULL without an error: that is left to Python.
   See `_routes.template`. */
static PyObject *template_of(PyObject *scope)
{
    if (scope == NULL || !PyDict_CheckExact(scope) || got(scope, k_mounted) != Py_None)
        return NULL;
    PyObject *route = got(scope, k_route), *kept_there = got(scope, k_fastapi);
    if (route == Py_None)
        return kept(Py_None);
    PyObject *path = PyObject_GetAttr(route, a_format);
    if (path != NULL && PyDict_CheckExact(kept_there)) {
        PyObject *included = got(kept_there, k_included);
        PyObject *original = included == Py_None ? NULL : PyObject_GetAttr(included, a_original);
        if (original == route)
            Py_SETREF(path, PyObject_GetAttr(included, a_format));
        Py_XDECREF(original);
    } else if (kept_there != Py_None) {
        Py_CLEAR(path);
    }
    PyErr_Clear(); /* a route of another kind */
    if (path != NULL && !(PyUnicode_CheckExact(path) && PyUnicode_GET_LENGTH(path)))
        Py_CLEAR(path);
    return path;
}

/* finish(exchange, histogram) → True: the end of an ASGI exchange; False where that is left to
   Python. */
static PyObject *path_finish(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "finish takes 2 arguments");
        return NULL;
    }
    PyObject *exchange = given[0];
    if (!PyObject_TypeCheck(exchange, (PyTypeObject *)self->kind))
        Py_RETURN_FALSE;
    PyObject *end = SLOT(exchange, self->at[A_END]);
    if (end == zero)
        Py_RETURN_FALSE;
    PyObject *route = template_of(SLOT(exchange, self->at[A_ROUTED]));
    if (route == NULL)
        Py_RETURN_FALSE;
    int done = ended(self, exchange, route, end, given[1]);
    Py_DECREF(route);
    return done < 0 ? NULL : PyBool_FromLong(done);
}

/* ---- responses ---- */

/* What an ASGI application is given to call as `send`; see `asgi._Exchange.send`. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *exchange, *path;
} Send;

/* The message that starts a response, with the id on it. */
static PyObject *with_id(PyObject *message, PyObject *header)
{
    PyObject *headers = PyDict_GetItemWithError(message, k_headers);
    PyObject *own = headers ? PySequence_List(headers) : PyErr_Occurred() ? NULL : PyList_New(0);
    PyObject *made = own && PyList_Append(own, header) == 0 ? PyDict_Copy(message) : NULL;
    if (made != NULL && PyDict_SetItem(made, k_headers, own) < 0)
        Py_CLEAR(made);
    Py_XDECREF(own);
    return made;
}

static PyObject *send_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names)
{
    Send *self = (Send *)callable;
    PyObject *exchange = self->exchange, *message = given[0], *kind, *status;
    const Py_ssize_t *at = ((Path *)self->path)->at;
    if (PyVectorcall_NARGS(flags) != 1 || names != NULL || !PyDict_CheckExact(message))
        goto other;
    kind = got(message, k_type);
    if (!PyUnicode_CheckExact(kind))
        goto other;
    if (PyUnicode_Compare(kind, k_response_body) == 0) {
        PyObject *more = got(message, k_more);
        if ((more != Py_None && more != Py_False) || SLOT(exchange, at[A_TRAILERS]) != Py_False)
            goto other;
        return PyObject_CallMethodOneArg(exchange, m_send_last, message);
    }
    status = got(message, k_status);
    if (PyUnicode_Compare(kind, k_response_start) || got(message, k_trailers) != Py_None
        || status == Py_None)
        goto other;
    Py_SETREF(SLOT(exchange, at[X_STATUS]), kept(status));
    PyObject *own = with_id(message, SLOT(exchange, at[A_HEADER]));
    if (own == NULL)
        return NULL;
    PyObject *sent = PyObject_CallOneArg(SLOT(exchange, at[A_SEND]), own);
    Py_DECREF(own);
    return sent;
other:;
    PyObject *send = PyObject_GetAttr(exchange, m_send);
    PyObject *answer = send ? PyObject_Vectorcall(send, given, PyVectorcall_NARGS(flags), names) : NULL;
    Py_XDECREF(send);
    return answer;
}

static int send_traverse(Send *self, visitproc visit, void *arg)
{
    Py_VISIT(self->exchange);
    Py_VISIT(self->path);
    return 0;
}

static int send_clear(Send *self)
{
    Py_CLEAR(self->exchange);
    Py_CLEAR(self->path);
    return 0;
}

static void send_dealloc(Send *self)
{
    PyObject_GC_UnTrack(self);
    send_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyTypeObject SendType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "clew._path_native.Send",
    .tp_basicsize = sizeof(Send),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = (destructor)send_dealloc,
    .tp_traverse = (traverseproc)send_traverse,
    .tp_clear = (inquiry)send_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Send, call),
};

/* send(exchange) → what the application is given as `send`. */
static PyObject *path_send(Path *self, PyObject *exchange)
{
    if (!Py_IS_TYPE(exchange, (PyTypeObject *)self->kind)) {
        PyErr_Format(PyExc_TypeError, "send takes a %R", self->kind);
        return NULL;
    }
    Send *made = PyObject_GC_New(Send, &SendType);
    if (made == NULL)
        return NULL;
    made->call = send_call;
    made->exchange = kept(exchange);
    made->path = kept((PyObject *)self);
    PyObject_GC_Track(made);
    return (PyObject *)made;
}

/* A WSGI response's body; see `wsgi._Body`. */
typedef struct {
    PyObject_HEAD
    PyObject *body, *iterator, *exchange;
    int begun;
} Body;

static PyObject *body_next(Body *self)
{
    PyObject *part = Py_TYPE(self->iterator)->tp_iternext(self->iterator);
    if (part != NULL) {
        if (!self->begun && (self->begun = PyObject_IsTrue(part)) < 0)
            Py_CLEAR(part);
        return part;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    if (type == NULL || PyErr_GivenExceptionMatches(type, PyExc_StopIteration)) {
        PyErr_Restore(type, error, traceback);
        return NULL;
    }
    PyErr_NormalizeException(&type, &error, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(error, traceback);
    PyObject *told = PyObject_CallMethodObjArgs(self->exchange, m_fail, error,
                                                self->begun ? Py_False : Py_True, NULL);
    if (told == NULL) {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
        return NULL;
    }
    Py_DECREF(told);
    PyErr_Restore(type, error, traceback);
    return NULL;
}

static PyObject *body_close(Body *self, PyObject *none)
{
    (void)none;
    PyObject *close = PyObject_GetAttr(self->body, m_close), *closed = NULL;
    PyObject *type, *error, *traceback;
    if (close != NULL)
        closed = PyObject_CallNoArgs(close);
    else if (PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    Py_XDECREF(close);
    Py_XDECREF(closed);
    PyErr_Fetch(&type, &error, &traceback);
    PyObject *done = PyObject_CallMethodNoArgs(self->exchange, m_finish);
    if (type == NULL)
        return done;
    Py_XDECREF(done);
    PyErr_Restore(type, error, traceback);
    return NULL;
}

static int body_traverse(Body *self, visitproc visit, void *arg)
{
    Py_VISIT(self->body);
    Py_VISIT(self->iterator);
    Py_VISIT(self->exchange);
    return 0;
}

static int body_clear(Body *self)
{
    Py_CLEAR(self->body);
    Py_CLEAR(self->iterator);
    Py_CLEAR(self->exchange);
    return 0;
}

static void body_dealloc(Body *self)
{
    PyObject_GC_UnTrack(self);
    body_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef body_methods[] = {
    {"close", (PyCFunction)body_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject BodyType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "clew._path_native.Body",
    .tp_basicsize = sizeof(Body),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_dealloc = (destructor)body_dealloc,
    .tp_traverse = (traverseproc)body_traverse,
    .tp_clear = (inquiry)body_clear,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = (iternextfunc)body_next,
    .tp_methods = body_methods,
};

/* body(body, exchange) → the body, whose end, or `close`, is the end of the exchange. */
static PyObject *path_body(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 2 || !Py_IS_TYPE(given[1], (PyTypeObject *)self->kind)) {
        PyErr_Format(PyExc_TypeError, "body takes a body and a %R", self->kind);
        return NULL;
    }
    PyObject *iterator = PyObject_GetIter(given[0]);
    Body *made = iterator == NULL ? NULL : PyObject_GC_New(Body, &BodyType);
    if (made == NULL) {
        Py_XDECREF(iterator);
        return NULL;
    }
    made->body = kept(given[0]);
    made->iterator = iterator;
    made->exchange = kept(given[1]);
    made->begun = 0;
    PyObject_GC_Track(made);
    return (PyObject *)made;
}

/* ---- clients ---- */

/* The place that a request goes to, borrowed; NULL where it is new, or the URL is odd. */
static PyObject *place_of(Path *self, PyObject *method, PyObject *url, Py_ssize_t length)
{
    Py_ssize_t scheme = PyUnicode_FindChar(url, ':', 0, length, 1), host;
    if (scheme <= 0 || scheme + 3 > length || PyUnicode_READ_CHAR(url, scheme + 1) != '/'
        || PyUnicode_READ_CHAR(url, scheme + 2) != '/')
        return NULL;
    host = PyUnicode_FindChar(url, '/', scheme + 3, length, 1);
    if (host < 0)
        host = length;
    PyObject *first = PyUnicode_Substring(url, 0, scheme);
    PyObject *second = PyUnicode_Substring(url, scheme + 3, host), *place = NULL;
    if (first != NULL && second != NULL) {
        PyObject *key = PyTuple_Pack(3, method, first, second);
        if (key != NULL)
            place = PyDict_GetItemWithError(self->known, key);
        Py_XDECREF(key);
    }
    Py_XDECREF(first);
    Py_XDECREF(second);
    return place;
}

/* Write the thread into the headers; see `Outgoing.inject`. */
static int inject(Path *self, PyObject *headers, PyObject *ids, PyObject *thread)
{
    char line[55], carried[128 + 32];
    int done = -1;
    memcpy(line, "00-", 3);
    PyObject *trace_id = PyTuple_GET_ITEM(ids, 0);
    u64 low = PyLong_AsUnsignedLongLongMask(trace_id);
    PyObject *shifted = PyNumber_Rshift(trace_id, bits_64);
    if (shifted == NULL)
        return -1;
    to_hex(PyLong_AsUnsignedLongLongMask(shifted), line + 3, 16);
    Py_DECREF(shifted);
    to_hex(low, line + 19, 16);
    line[35] = '-';
    to_hex(PyLong_AsUnsignedLongLongMask(PyTuple_GET_ITEM(ids, 1)), line + 36, 16);
    line[52] = '-';
    to_hex(PyLong_AsUnsignedLongLongMask(PyTuple_GET_ITEM(ids, 3)), line + 53, 2);
    Py_ssize_t size, key_size;
    const char *text = PyUnicode_AsUTF8AndSize(thread, &size);
    const char *key = PyUnicode_AsUTF8AndSize(CORRELATION_ID, &key_size);
    if (text == NULL || key == NULL || PyErr_Occurred())
        return -1;
    memcpy(carried, key, (size_t)key_size);
    carried[key_size] = '=';
    memcpy(carried + key_size + 1, text, (size_t)size);
    PyObject *first = PyUnicode_FromStringAndSize(line, 55);
    PyObject *second = PyUnicode_FromStringAndSize(carried, key_size + 1 + size);
    if (first != NULL && second != NULL)
        done = PyObject_SetItem(headers, traceparent, first) < 0
               || PyObject_SetItem(headers, baggage, second) < 0
               || PyObject_SetItem(headers, self->id_header, thread) < 0 ? -1 : 0;
    Py_XDECREF(first);
    Py_XDECREF(second);
    return done;
}

/* Whether a thread needs no quoting in a baggage header: letters and digits alone. */
static int is_alnum(PyObject *thread)
{
    Py_ssize_t size;
    if (!PyUnicode_CheckExact(thread) || !PyUnicode_IS_ASCII(thread))
        return 0;
    const char *text = PyUnicode_AsUTF8AndSize(thread, &size);
    if (text == NULL || size < 1 || size > 128)
        return 0;
    for (Py_ssize_t at = 0; at < size; at++)
        if (!Py_ISALNUM(Py_CHARMASK(text[at])))
            return 0;
    return 1;
}

/* client(client, method, url, headers) → the call, begun; or None. */
static PyObject *path_client(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "client takes 4 arguments");
        return NULL;
    }
    PyObject *method = given[1], *url = given[2], *headers = given[3];
    PyObject *current = NULL, *made = NULL, *inside = NULL, *full = NULL;
    if (!PyUnicode_CheckExact(method) || !PyUnicode_CheckExact(url))
        Py_RETURN_NONE;
    int busy = processed(self);
    if (busy < 0 || PyContextVar_Get(variable, NULL, &current) < 0)
        return NULL;
    if (busy || current == NULL || !Py_IS_TYPE(current, (PyTypeObject *)Context))
        goto other;
    PyObject *thread = got(current, KEY), *carried = got(current, BAGGAGE_KEY);
    PyObject *active = got(current, SPAN_KEY);
    if (!Py_IS_TYPE(active, (PyTypeObject *)ClewSpan) || got(current, SUPPRESS) != Py_None
        || got(current, SUPPRESS_ALL) != Py_None || !is_alnum(thread)
        || !PyDict_CheckExact(carried) || PyDict_GET_SIZE(carried) != 1
        || got(carried, CORRELATION_ID) != thread)
        goto other;
    PyObject *parent = SLOT(active, span_at[S_CONTEXT]);
    if (PyTuple_GET_ITEM(parent, 4) != NO_STATE
        || !(PyLong_AsUnsignedLongLongMask(PyTuple_GET_ITEM(parent, 3)) & 1))
        goto other;
    Py_ssize_t length = PyUnicode_GET_LENGTH(url);
    PyObject *place = place_of(self, method, url, length);
    if (place == NULL)
        goto other;
    Py_INCREF(place);
    PyObject *known = PyTuple_GET_ITEM(place, 0), *shared = PyTuple_GET_ITEM(place, 3);
    if (PyUnicode_FindChar(url, '@', 0, length, 1) < 0 && PyUnicode_FindChar(url, '?', 0, length, 1) < 0)
        full = kept(url);
    else
        full = PyObject_CallOneArg(clean_url, url);
    PyObject *start = full == NULL ? NULL : PyObject_CallNoArgs(time_ns), *span = NULL;
    if (start != NULL) {
        PyObject *attributes = attributes_of(shared, URL_FULL, full);
        if (attributes != NULL && PyDict_SetItem(attributes, CORRELATION_ID, thread) < 0)
            Py_CLEAR(attributes);
        span = new_span(self, known == OTHER_METHOD ? ANY_METHOD : known, parent, CLIENT, attributes,
                        start, shared);
    }
    if (span != NULL)
        inside = ((PyTypeObject *)Context)->tp_new((PyTypeObject *)Context, no_arguments, NULL);
    if (inside != NULL && PyDict_Update(inside, current) == 0
        && PyDict_SetItem(inside, SPAN_KEY, span) == 0
        && PyDict_SetItem(inside, SUPPRESS, Py_True) == 0
        && inject(self, headers, SLOT(span, span_at[S_CONTEXT]), thread) == 0
        && (made = fresh(self->kind)) != NULL) {
        const Py_ssize_t *at = self->at;
        SLOT(made, at[C_CLIENT]) = kept(given[0]);
        SLOT(made, at[C_SPAN]) = kept(span);
        SLOT(made, at[C_PLACE]) = kept(place);
        SLOT(made, at[C_START]) = kept(start);
        SLOT(made, at[C_CONTEXT]) = kept(inside);
    }
    Py_XDECREF(span);
    Py_XDECREF(start);
    Py_XDECREF(inside);
    Py_XDECREF(full);
    Py_DECREF(place);
other:
    Py_XDECREF(current);
    if (made == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return made;
}

/* end_client(call, end, status, histogram) → True; False where that is left to Python. */
static PyObject *path_end_client(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "end_client takes 4 arguments");
        return NULL;
    }
    if (!Py_IS_TYPE(given[0], (PyTypeObject *)self->kind))
        Py_RETURN_FALSE;
    PyObject *call = given[0], *status = given[2];
    PyObject *span = SLOT(call, self->at[C_SPAN]), *place = SLOT(call, self->at[C_PLACE]);
    if (!is_ordinary(status) || PyLong_AsLong(status) >= 400
        || !Py_IS_TYPE(span, (PyTypeObject *)ClewSpan))
        Py_RETURN_FALSE;
    int busy = processed(self);
    if (busy < 0)
        return NULL;
    PyObject *attributes = SLOT(span, span_at[S_ATTRIBUTES]);
    if (busy || !PyDict_CheckExact(attributes))
        Py_RETURN_FALSE;
    PyObject *measured = PyTuple_Pack(5, PyTuple_GET_ITEM(place, 0), PyTuple_GET_ITEM(place, 1),
                                      PyTuple_GET_ITEM(place, 2), status, nothing);
    if (measured == NULL)
        return NULL;
    if (PyDict_SetItem(attributes, STATUS_CODE, status) < 0) {
        Py_DECREF(measured);
        return NULL;
    }
    if (hand_over(self, span, given[1], given[3], measured) < 0)
        return NULL;
    Py_RETURN_TRUE;
}

/* ---- the type and the module ---- */

static int path_traverse(Path *self, visitproc visit, void *arg)
{
    Py_VISIT(self->tracer);
    Py_VISIT(self->processor);
    Py_VISIT(self->put);
    Py_VISIT(self->append);
    Py_VISIT(self->items);
    Py_VISIT(self->known);
    Py_VISIT(self->correlation);
    Py_VISIT(self->id_header);
    Py_VISIT(self->kind);
    return 0;
}

static int path_clear(Path *self)
{
    Py_CLEAR(self->tracer);
    Py_CLEAR(self->processor);
    Py_CLEAR(self->put);
    Py_CLEAR(self->append);
    Py_CLEAR(self->items);
    Py_CLEAR(self->known);
    Py_CLEAR(self->correlation);
    Py_CLEAR(self->id_header);
    Py_CLEAR(self->kind);
    return 0;
}

static void path_dealloc(Path *self)
{
    PyObject_GC_UnTrack(self);
    path_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* Path(server, tracer, put, append, items, high, known, correlation, id_header, kind) */
static PyObject *path_new(PyTypeObject *type, PyObject *given, PyObject *named)
{
    const char *server;
    PyObject *tracer, *put, *append, *items, *known, *correlation, *id_header, *kind;
    Py_ssize_t high;
    if (named != NULL && PyDict_GET_SIZE(named)) {
        PyErr_SetString(PyExc_TypeError, "Path takes no keywords");
        return NULL;
    }
    if (variable == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "bind() comes first");
        return NULL;
    }
    if (!PyArg_ParseTuple(given, "sOOOOnO!O!OO!", &server, &tracer, &put, &append, &items, &high,
                          &PyDict_Type, &known, &PyTuple_Type, &correlation, &id_header,
                          &PyType_Type, &kind))
        return NULL;
    int is_asgi = !strcmp(server, "asgi"), is_wsgi = !strcmp(server, "wsgi");
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(correlation); at++) {
        PyObject *name = PyTuple_GET_ITEM(correlation, at);
        if (!(is_asgi ? PyBytes_CheckExact(name) : PyUnicode_CheckExact(name))) {
            PyErr_Format(PyExc_TypeError, "no header's name: %R", name);
            return NULL;
        }
    }
    PyObject *processor = PyObject_GetAttrString(tracer, "span_processor");
    Path *made = processor == NULL ? NULL : (Path *)type->tp_alloc(type, 0);
    if (made == NULL) {
        Py_XDECREF(processor);
        return NULL;
    }
    made->processor = processor;
    made->tracer = kept(tracer);
    made->put = kept(put);
    made->append = kept(append);
    made->items = kept(items);
    made->high = high;
    made->known = kept(known);
    made->correlation = kept(correlation);
    made->id_header = kept(id_header);
    made->kind = kept(kind);
    if (offsets(kind, is_asgi ? ASGI : is_wsgi ? WSGI : CALL,
                is_asgi ? A_COUNT : is_wsgi ? W_COUNT : C_COUNT, made->at) < 0)
        Py_CLEAR(made);
    return (PyObject *)made;
}

static PyMethodDef path_methods[] = {
    {"asgi", (PyCFunction)(void (*)(void))path_asgi, METH_FASTCALL, NULL},
    {"wsgi", (PyCFunction)(void (*)(void))path_wsgi, METH_FASTCALL, NULL},
    {"end", (PyCFunction)(void (*)(void))path_end, METH_FASTCALL, NULL},
    {"finish", (PyCFunction)(void (*)(void))path_finish, METH_FASTCALL, NULL},
    {"send", (PyCFunction)path_send, METH_O, NULL},
    {"body", (PyCFunction)(void (*)(void))path_body, METH_FASTCALL, NULL},
    {"client", (PyCFunction)(void (*)(void))path_client, METH_FASTCALL, NULL},
    {"end_client", (PyCFunction)(void (*)(void))path_end_client, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject PathType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "clew._path_native.Path",
    .tp_basicsize = sizeof(Path),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = path_new,
    .tp_dealloc = (destructor)path_dealloc,
    .tp_traverse = (traverseproc)path_traverse,
    .tp_clear = (inquiry)path_clear,
    .tp_methods = path_methods,
};

/* bind(told): the objects of `TOLD`, by name. */
static PyObject *bind(PyObject *module, PyObject *told)
{
    (void)module;
    if (!PyDict_Check(told)) {
        PyErr_SetString(PyExc_TypeError, "bind takes a dict");
        return NULL;
    }
    for (size_t at = 0; at < sizeof(TOLD) / sizeof(TOLD[0]); at++) {
        PyObject *object = PyDict_GetItemString(told, TOLD[at].name);
        if (object == NULL) {
            PyErr_Format(PyExc_KeyError, "bind: %s is missing", TOLD[at].name);
            return NULL;
        }
        Py_XSETREF(*TOLD[at].where, kept(object));
    }
    const char *const attributes[] = {"attributes"};
    if (offsets(ClewSpan, SPAN, S_COUNT, span_at) < 0
        || offsets(Shared, attributes, 1, &shared_attributes_at) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"bind", bind, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "clew._path_native", NULL, -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__path_native(void)
{
    static const struct {
        const char *text;
        PyObject **where;
    } words[] = {
        {"method", &k_method}, {"scheme", &k_scheme}, {"http_version", &k_http_version},
        {"client", &k_client}, {"path", &k_path}, {"query_string", &k_query},
        {"headers", &k_headers}, {"REQUEST_METHOD", &e_method}, {"wsgi.url_scheme", &e_scheme},
        {"HTTP_HOST", &e_host}, {"SERVER_NAME", &e_name}, {"SERVER_PROTOCOL", &e_protocol},
        {"REMOTE_ADDR", &e_address}, {"HTTP_USER_AGENT", &e_agent}, {"SCRIPT_NAME", &e_script},
        {"PATH_INFO", &e_path}, {"QUERY_STRING", &e_query}, {"HTTP_TRACEPARENT", &e_parent},
        {"HTTP_TRACESTATE", &e_state}, {"HTTP_BAGGAGE", &e_baggage}, {"traceparent", &traceparent},
        {"baggage", &baggage},
        {"type", &k_type}, {"status", &k_status}, {"trailers", &k_trailers}, {"more_body", &k_more},
        {"http.response.start", &k_response_start}, {"http.response.body", &k_response_body},
        {"route", &k_route}, {"clew.mounted", &k_mounted}, {"fastapi", &k_fastapi},
        {"effective_route_context", &k_included}, {"path_format", &a_format},
        {"original_route", &a_original}, {"send", &m_send}, {"_send_last", &m_send_last},
        {"fail", &m_fail}, {"finish", &m_finish}, {"close", &m_close}, {"_span_processors", &processors_name}, {"", &nothing},
    };
    for (size_t at = 0; at < sizeof(words) / sizeof(words[0]); at++)
        if ((*words[at].where = PyUnicode_InternFromString(words[at].text)) == NULL)
            return NULL;
    no_arguments = PyTuple_New(0);
    zero = PyLong_FromLong(0);
    bits_64 = PyLong_FromLong(64);
    bits_128 = PyLong_FromLong(128);
    if (!no_arguments || !zero || !bits_64 || !bits_128 || PyType_Ready(&PathType) < 0
        || PyType_Ready(&SendType) < 0 || PyType_Ready(&BodyType) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddObject(module, "Path", kept((PyObject *)&PathType)) < 0)
        Py_CLEAR(module);
    return module;
}
