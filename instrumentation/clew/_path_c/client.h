/* One call of a client library. */

/* The place that a request goes to; NULL where it is new, or the URL is odd. */
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
        Py_XINCREF(place);
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

/* Whether a thread is valid, and needs no quoting in a baggage header; see `quote_plus`. */
static int is_unquoted(PyObject *thread)
{
    Py_ssize_t size;
    if (!PyUnicode_CheckExact(thread) || !PyUnicode_IS_ASCII(thread))
        return 0;
    const char *text = PyUnicode_AsUTF8AndSize(thread, &size);
    if (text == NULL || size < 1 || size > 128)
        return 0;
    for (Py_ssize_t at = 0; at < size; at++)
        if (!Py_ISALNUM(Py_CHARMASK(text[at])) && !memchr("-_.~", text[at], 4))
            return 0;
    return 1;
}

/* What the current context says. */
enum { T_THREAD, T_CARRIED, T_ACTIVE, T_SUPPRESS, T_SUPPRESS_ALL, T_COUNT };
static PyObject **const CONTEXT_KEYS[] = {&KEY, &BAGGAGE_KEY, &SPAN_KEY, &SUPPRESS, &SUPPRESS_ALL};

/* 1 if a call in this context is common: within a request that is sampled, with nothing in its
   baggage but the thread. */
static int is_common(PyObject **told)
{
    if (!Py_IS_TYPE(told[T_ACTIVE], (PyTypeObject *)ClewSpan) || told[T_SUPPRESS] != Py_None
        || told[T_SUPPRESS_ALL] != Py_None || !is_unquoted(told[T_THREAD])
        || !PyDict_CheckExact(told[T_CARRIED]) || PyDict_GET_SIZE(told[T_CARRIED]) != 1)
        return 0;
    PyObject *carried = got(told[T_CARRIED], CORRELATION_ID);
    PyObject *ids = SLOT(told[T_ACTIVE], span_at[S_CONTEXT]);
    Py_DECREF(carried);
    return carried == told[T_THREAD] && PyTuple_GET_ITEM(ids, 4) == NO_STATE
           && PyLong_AsUnsignedLongLongMask(PyTuple_GET_ITEM(ids, 3)) & 1;
}

/* The span of a call to `place`. */
static PyObject *client_span(Path *self, PyObject **told, PyObject *place, PyObject *url,
                             PyObject *start)
{
    PyObject *method = PyTuple_GET_ITEM(place, 0), *shared = PyTuple_GET_ITEM(place, 3), *full;
    Py_ssize_t length = PyUnicode_GET_LENGTH(url);
    if (PyUnicode_FindChar(url, '@', 0, length, 1) < 0 && PyUnicode_FindChar(url, '?', 0, length, 1) < 0)
        full = kept(url);
    else if ((full = PyObject_CallOneArg(clean_url, url)) == NULL)
        return NULL;
    PyObject *attributes = attributes_of(shared, URL_FULL, full);
    Py_DECREF(full);
    if (attributes != NULL && PyDict_SetItem(attributes, CORRELATION_ID, told[T_THREAD]) < 0)
        Py_CLEAR(attributes);
    return new_span(self, span_name(method), SLOT(told[T_ACTIVE], span_at[S_CONTEXT]), CLIENT,
                    attributes, start, shared);
}

/* The context of a call whose span is `span`. */
static PyObject *call_context(PyObject *current, PyObject *span)
{
    PyTypeObject *type = (PyTypeObject *)Context;
    PyObject *made = type->tp_new(type, no_arguments, NULL);
    if (made != NULL && (PyDict_Update(made, current) < 0 || PyDict_SetItem(made, SPAN_KEY, span) < 0
                         || PyDict_SetItem(made, SUPPRESS, Py_True) < 0))
        Py_CLEAR(made);
    return made;
}

/* client(client, method, url, headers) → the call, begun; or None. */
static PyObject *path_client(Path *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "client takes 4 arguments");
        return NULL;
    }
    PyObject *method = given[1], *url = given[2], *headers = given[3], *told[T_COUNT] = {NULL};
    PyObject *current = NULL, *place = NULL, *start = NULL, *span = NULL, *inside = NULL, *made = NULL;
    if (!PyUnicode_CheckExact(method) || !PyUnicode_CheckExact(url) || processed(self)
        || PyContextVar_Get(variable, NULL, &current) < 0 || current == NULL
        || !Py_IS_TYPE(current, (PyTypeObject *)Context))
        goto other;
    get(current, CONTEXT_KEYS, told, T_COUNT);
    if (!is_common(told) || (place = place_of(self, method, url, PyUnicode_GET_LENGTH(url))) == NULL
        || (start = PyObject_CallNoArgs(time_ns)) == NULL
        || (span = client_span(self, told, place, url, start)) == NULL
        || (inside = call_context(current, span)) == NULL
        || inject(self, headers, SLOT(span, span_at[S_CONTEXT]), told[T_THREAD]) < 0
        || (made = fresh(self->kind)) == NULL)
        goto other;
    const Py_ssize_t *at = self->at;
    SLOT(made, at[C_CLIENT]) = kept(given[0]);
    SLOT(made, at[C_SPAN]) = kept(span);
    SLOT(made, at[C_PLACE]) = kept(place);
    SLOT(made, at[C_START]) = kept(start);
    SLOT(made, at[C_CONTEXT]) = kept(inside);
other:
    drop(told, T_COUNT);
    Py_XDECREF(current);
    Py_XDECREF(place);
    Py_XDECREF(start);
    Py_XDECREF(span);
    Py_XDECREF(inside);
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
