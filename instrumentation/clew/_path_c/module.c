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

/* One unit of compilation, in the order in which the parts build on each other. */
#include "names.h"
#include "slots.h"
#include "path.h"
#include "ids.h"
#include "start.h"
#include "asgi.h"
#include "wsgi.h"
#include "end.h"
#include "answer.h"
#include "body.h"
#include "client.h"

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
    made->call = is_asgi ? send_call : is_wsgi ? start_call : NULL;
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
    {"answer", (PyCFunction)path_answer, METH_O, NULL},
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
        {"fail", &m_fail}, {"finish", &m_finish}, {"close", &m_close},
        {"start_response", &m_start_response}, {"werkzeug.request", &e_request},
        {"url_rule", &a_url_rule}, {"rule", &a_rule}, {"_span_processors", &processors_name},
        {"", &nothing},
    };
    for (size_t at = 0; at < sizeof(words) / sizeof(words[0]); at++)
        if ((*words[at].where = PyUnicode_InternFromString(words[at].text)) == NULL)
            return NULL;
    no_arguments = PyTuple_New(0);
    zero = PyLong_FromLong(0);
    bits_64 = PyLong_FromLong(64);
    bits_128 = PyLong_FromLong(128);
    if (!no_arguments || !zero || !bits_64 || !bits_128 || PyType_Ready(&PathType) < 0
        || PyType_Ready(&AnswerType) < 0 || PyType_Ready(&BodyType) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddObject(module, "Path", kept((PyObject *)&PathType)) < 0)
        Py_CLEAR(module);
    return module;
}
