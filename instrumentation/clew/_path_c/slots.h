/* Where a class keeps its slots, so that they are read and written without a call. */

/* A slot of an object; an offset is its member descriptor's. */
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
