/* A worked example of a vturn plugin in plain C: a source that beats a TTL edge every `period_ms` on line 0, and an
 * output whose pulses come back as edges on line 1 of that source, as a board records the pulses it gives. Needs
 * vturn_plugin.h only:
 *   cc -std=c11 -D_POSIX_C_SOURCE=200809L -shared -fPIC -fvisibility=hidden metronome.c -o metronome.so -lpthread */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../vturn_plugin.h"

typedef struct metronome {
  const vturn_host* host;
  int64_t period_ns;
  int master;
  pthread_t reader;
  int started;
  atomic_int stop;
  atomic_uint pulses; /* asked for by the output, not yet told as edges */
} metronome;

/* Enough for a key that the host always writes as "key":number. A larger plugin brings its JSON library. */
static double number_of(const char* json, const char* key, double missing) {
  const char* found = strstr(json, key);
  const char* colon = found != NULL ? strchr(found, ':') : NULL;
  return colon != NULL ? strtod(colon + 1, NULL) : missing;
}

static void* source_create(const vturn_host* host, const char* config_json, char* error, size_t error_size) {
  const double period_ms = number_of(config_json, "\"period_ms\"", 100.0);
  if (!(period_ms >= 1.0 && period_ms <= 60000.0)) {
    snprintf(error, error_size, "metronome: period_ms = %g: expected 1 to 60000", period_ms);
    return NULL;
  }
  metronome* self = calloc(1, sizeof *self);
  if (self == NULL) {
    snprintf(error, error_size, "metronome: out of memory");
    return NULL;
  }
  self->host = host;
  self->period_ns = (int64_t)(period_ms * 1e6);
  self->master = strstr(config_json, "\"master\":true") != NULL;
  return self;
}

static vturn_event event_now(const metronome* self, uint8_t kind) {
  vturn_event event;
  memset(&event, 0, sizeof event);
  event.kind = kind;
  event.arrival_mono_ns = self->host->mono_now_ns(self->host->context);
  event.session_time_ns = event.arrival_mono_ns; /* the master's own clock is session time; ours is the machine's */
  if (!self->master) {
    int64_t uncertainty_ns = 0;
    self->host->clock_map(self->host->context, event.arrival_mono_ns, &event.session_time_ns, &uncertainty_ns);
  }
  event.flags = (uint8_t)(VTURN_FLAG_BURST_END | (self->master ? VTURN_FLAG_MASTER : 0));
  return event;
}

static void beat(metronome* self, uint8_t line) {
  vturn_event event = event_now(self, VTURN_TTL);
  event.payload.ttl.line = line;
  event.payload.ttl.state = 1;
  event.payload.ttl.word = (uint64_t)1 << line;
  self->host->push(self->host->context, &event, 1);
  if (!self->master) return;
  self->host->clock_publish(self->host->context, event.arrival_mono_ns, event.session_time_ns, 0);
  self->host->clock_ttl(self->host->context, line, event.session_time_ns);
}

static void* read_beats(void* argument) {
  metronome* self = argument;
  const vturn_host* host = self->host;
  uint64_t edges = 0;
  int64_t next_ns = host->mono_now_ns(host->context);
  host->thread_enter(host->context, "metronome");
  vturn_event up = event_now(self, VTURN_SOURCE);
  up.payload.source.change = VTURN_CHANGE_UP;
  up.payload.source.cause = VTURN_CAUSE_START;
  host->push(host->context, &up, 1);
  while (!atomic_load(&self->stop)) {
    const struct timespec nap = {0, 1000000};
    nanosleep(&nap, NULL); /* well within the 200 ms that stop() has */
    for (unsigned n = atomic_exchange(&self->pulses, 0); n > 0; --n, ++edges) beat(self, 1);
    if (host->mono_now_ns(host->context) >= next_ns) {
      beat(self, 0);
      next_ns += self->period_ns;
      ++edges;
    }
    host->counter_set(host->context, VTURN_TTL_RECEIVED, edges);
  }
  return NULL;
}

static int32_t source_start(void* instance, char* error, size_t error_size) {
  metronome* self = instance;
  self->started = pthread_create(&self->reader, NULL, read_beats, self) == 0;
  if (!self->started) snprintf(error, error_size, "metronome: cannot start its thread");
  return self->started ? 0 : -1;
}

static void source_stop(void* instance) {
  metronome* self = instance;
  atomic_store(&self->stop, 1);
  if (self->started) pthread_join(self->reader, NULL);
  self->started = 0;
}

static void* output_create(const vturn_host* host, const char* config_json, void* source, char* error,
                           size_t error_size) {
  (void)host, (void)config_json;
  if (source == NULL) snprintf(error, error_size, "metronome: this output shares a metronome source; name it");
  return source;
}

static int32_t output_self_test(void* instance, char* error, size_t error_size) {
  if (((metronome*)instance)->started) return 0;
  snprintf(error, error_size, "metronome: its source does not run");
  return -1;
}

/* On the decision thread: one atomic addition, nothing that could wait. */
static int32_t output_fire(void* instance, const vturn_pulse* pulse) {
  if (pulse->kind == VTURN_PULSE_SHAM) return VTURN_RESULT_SHAM;
  atomic_fetch_add(&((metronome*)instance)->pulses, 1);
  return VTURN_RESULT_FIRED;
}

static int32_t output_stop(void* instance, uint32_t trigger_id) {
  (void)instance, (void)trigger_id;
  return VTURN_RESULT_STOPPED;
}

static void output_destroy(void* instance) { (void)instance; /* the source's */ }

static const vturn_source_functions source_functions = {source_create, source_start, source_stop, free, NULL};
static const vturn_output_functions output_functions = {output_create, output_self_test, output_fire, output_stop,
                                                        output_destroy};
static const vturn_plugin plugin = {VTURN_ABI_VERSION, sizeof(vturn_plugin), "metronome", &source_functions,
                                    &output_functions};

const vturn_plugin* vturn_plugin_entry(void) { return &plugin; }
