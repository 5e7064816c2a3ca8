/* What an application is given to answer with: `send` in ASGI, `start_response` in WSGI; see the
   methods of these names of `asgi._Exchange` and `wsgi.WsgiExchange`. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *exchange, *path;
} Answer;

/* The message that starts a response, with the id on it. */
static PyObject *with_id(PyObject *message, PyObject *header)
{
    PyObject *headers = got(message, k_headers), *made = NULL;
    PyObject *own = headers == Py_None ? PyList_New(0) : PySequence_List(headers);
    if (own != NULL && PyList_Append(own, header) == 0)
        made = PyDict_Copy(message);
    if (made != NULL && PyDict_SetItem(made, k_headers, own) < 0)
        Py_CLEAR(made);
    Py_DECREF(headers);
    Py_XDECREF(own);
    return made;
}

/* What an ASGI message says. */
enum { M_TYPE, M_MORE, M_STATUS, M_TRAILERS, M_COUNT };
static PyObject **const MESSAGE_KEYS[] = {&k_type, &k_more, &k_status, &k_trailers};

static PyObject *send_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names)
{
    Answer *self = (Answer *)callable;
    PyObject *exchange = self->exchange, *told[M_COUNT], *awaited = NULL;
    const Py_ssize_t *at = ((Path *)self->path)->at, count = PyVectorcall_NARGS(flags);
    int starts = 0, ends = 0;
    if (count == 1 && names == NULL && PyDict_CheckExact(given[0])) {
        get(given[0], MESSAGE_KEYS, told, M_COUNT);
        if (PyUnicode_CheckExact(told[M_TYPE])) {
            starts = PyUnicode_Compare(told[M_TYPE], k_response_start) == 0
                     && told[M_TRAILERS] == Py_None && told[M_STATUS] != Py_None;
            ends = PyUnicode_Compare(told[M_TYPE], k_response_body) == 0
                   && (told[M_MORE] == Py_None || told[M_MORE] == Py_False)
                   && SLOT(exchange, at[A_TRAILERS]) == Py_False;
        }
        if (starts) {
            Py_SETREF(SLOT(exchange, at[X_STATUS]), kept(told[M_STATUS]));
            Py_SETREF(SLOT(exchange, at[A_TRAILERS]), kept(Py_False));
        }
        drop(told, M_COUNT);
    }
    if (ends)
        return PyObject_CallMethodOneArg(exchange, m_send_last, given[0]);
    if (starts) {
        PyObject *own = with_id(given[0], SLOT(exchange, at[A_HEADER]));
        if (own != NULL)
            awaited = PyObject_CallOneArg(SLOT(exchange, at[A_SEND]), own);
        Py_XDECREF(own);
        return awaited;
    }
    PyObject *send = PyObject_GetAttr(exchange, m_send);
    if (send != NULL)
        awaited = PyObject_Vectorcall(send, given, (size_t)count, names);
    Py_XDECREF(send);
    return awaited;
}

/* The status code that a status line begins with; 0 where it does not begin with one. */
static long code_of(PyObject *status)
{
    if (!PyUnicode_CheckExact(status) || !PyUnicode_IS_ASCII(status) || PyUnicode_GET_LENGTH(status) < 3)
        return 0;
    const Py_UCS1 *digits = PyUnicode_1BYTE_DATA(status);
    if (!Py_ISDIGIT(digits[0]) || !Py_ISDIGIT(digits[1]) || !Py_ISDIGIT(digits[2]))
        return 0;
    return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

/* The template that Flask matched, or None; NULL with an error. See `wsgi._flask_route`. */
static PyObject *flask_route(PyObject *environ)
{
    PyObject *request = got(environ, e_request), *found = NULL;
    PyObject *rule = request == Py_None ? kept(Py_None) : PyObject_GetAttr(request, a_url_rule);
    if (rule == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        rule = kept(Py_None);
    }
    if (rule != NULL)
        found = rule == Py_None ? kept(Py_None) : PyObject_GetAttr(rule, a_rule);
    Py_DECREF(request);
    Py_XDECREF(rule);
    return found;
}

static PyObject *start_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names)
{
    Answer *self = (Answer *)callable;
    Path *path = (Path *)self->path;
    PyObject *exchange = self->exchange, *words[3];
    const Py_ssize_t *at = path->at, count = PyVectorcall_NARGS(flags);
    long code = count ? code_of(given[0]) : 0;
    if (code == 0 || count < 2 || count > 3 || names != NULL || !PyList_CheckExact(given[1])) {
        PyObject *start = PyObject_GetAttr(exchange, m_start_response);
        PyObject *answer = start ? PyObject_Vectorcall(start, given, (size_t)count, names) : NULL;
        Py_XDECREF(start);
        return answer;
    }
    PyObject *status = PyLong_FromLong(code);
    if (status == NULL)
        return NULL;
    Py_SETREF(SLOT(exchange, at[X_STATUS]), status);
    if (SLOT(exchange, at[W_ROUTE]) == Py_None) {
        PyObject *route = flask_route(SLOT(exchange, at[W_ENVIRON]));
        if (route == NULL)
            return NULL;
        Py_SETREF(SLOT(exchange, at[W_ROUTE]), route);
    }
    PyObject *header = PyTuple_Pack(2, path->id_header, SLOT(exchange, at[X_THREAD]));
    PyObject *own = header ? PySequence_List(given[1]) : NULL, *write = NULL;
    if (own != NULL && PyList_Append(own, header) == 0) {
        words[0] = given[0], words[1] = own, words[2] = count == 3 ? given[2] : NULL;
        write = PyObject_Vectorcall(SLOT(exchange, at[W_RESPONSE]), words, (size_t)count, NULL);
    }
    Py_XDECREF(header);
    Py_XDECREF(own);
    return write;
}

static int answer_traverse(Answer *self, visitproc visit, void *arg)
{
    Py_VISIT(self->exchange);
    Py_VISIT(self->path);
    return 0;
}

static int answer_clear(Answer *self)
{
    Py_CLEAR(self->exchange);
    Py_CLEAR(self->path);
    return 0;
}

static void answer_dealloc(Answer *self)
{
    PyObject_GC_UnTrack(self);
    answer_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyTypeObject AnswerType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "clew._path_native.Answer",
    .tp_basicsize = sizeof(Answer),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = (destructor)answer_dealloc,
    .tp_traverse = (traverseproc)answer_traverse,
    .tp_clear = (inquiry)answer_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Answer, call),
};

/* answer(exchange) → what the application is given to answer with. */
static PyObject *path_answer(Path *self, PyObject *exchange)
{
    if (!Py_IS_TYPE(exchange, (PyTypeObject *)self->kind) || self->call == NULL) {
        PyErr_Format(PyExc_TypeError, "answer takes a %R", self->kind);
        return NULL;
    }
    Answer *made = PyObject_GC_New(Answer, &AnswerType);
    if (made == NULL)
        return NULL;
    made->call = self->call;
    made->exchange = kept(exchange);
    made->path = kept((PyObject *)self);
    PyObject_GC_Track(made);
    return (PyObject *)made;
}
