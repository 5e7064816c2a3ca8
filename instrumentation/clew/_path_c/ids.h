/* Ids: drawn, read and written. */

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
    PyObject *trace_id = PyLong_FromString(digits, NULL, 16);
    return span_context(trace_id, trace_id ? PyLong_FromUnsignedLongLong(span_id) : NULL, Py_True,
                        PyTuple_GET_ITEM(FLAGS, lower & 3));
}

/* The context of a new span: of its parent's trace, or the first of a new one. */
static PyObject *own_context(PyObject *parent)
{
    PyObject *trace_id = parent ? kept(PyTuple_GET_ITEM(parent, 0)) : random_id(bits_128);
    return span_context(trace_id, trace_id ? random_id(bits_64) : NULL, Py_False,
                        parent ? PyTuple_GET_ITEM(parent, 3) : ROOT_FLAGS);
}
