/* vturn plugin interface, version 2. C11, no dependencies: a plugin needs this header and nothing else of vturn.
 *
 * A plugin is a shared object that exports one symbol, `vturn_plugin_entry`. The host (vturnd) loads
 * `lib/vturn/<type>.so` for each `type` named in the rig file, calls the entry once and checks the interface version
 * before it touches anything else. A plugin offers a source (it reads the outside world and pushes events), an output
 * (it fires pulses), or both. Every [[source]] and [[output]] of the rig file is one instance.
 *
 * THREADS
 *   set-up thread     create, start, stop (source), destroy, self_test. May block for at most 1 s, except where said
 *                     otherwise; may allocate.
 *   decision thread   fire and stop (output), mark (source). The real-time thread of the daemon: these return within
 *                     microseconds, never block, allocate, lock, log or write to a file.
 *   plugin's threads  whatever the plugin starts: in general one reader for a source, one worker for a slow output.
 *                     Each of them calls host->thread_enter first, which names it and gives it its priority and cores.
 *                     Sockets and contexts of libraries with threads of their own are made BEFORE that, in create:
 *                     their threads would otherwise take over the reader's priority and starve behind it.
 * Calls on one instance never overlap, with one exception: fire, stop (output) and mark may run while the instance's
 * own threads run.
 *
 * ERRORS  create, start and self_test return an error as one line of text (what, where, what to do). Nothing thrown may
 * leave a plugin. Bad data from the outside world is counted (host->counter_set), never fatal.
 *
 * LIFETIME  create -> start -> stop -> destroy. After stop has returned the instance makes no host call any more.
 * `host` and what it points to outlive the instance. Outputs are destroyed before sources.
 */
#ifndef VTURN_PLUGIN_H
#define VTURN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rises with every change that an older host or plugin would misread. Host and plugin must agree exactly. */
#define VTURN_ABI_VERSION 2u

#if defined(_WIN32)
#define VTURN_EXPORT __declspec(dllexport)
#else
#define VTURN_EXPORT __attribute__((visibility("default")))
#endif

#define VTURN_NO_UNIT 0xFFFFFFFFu
#define VTURN_NO_SOURCE 0xFFFFu
#define VTURN_MAX_LFP_SAMPLES 20
#define VTURN_MAX_COMMAND_TEXT 64
#define VTURN_MAX_MARK_TEXT 128
#define VTURN_MAX_TTL_LINES 256

/* ---- events: the 128-byte layout of daemon/core/input_event.hpp ------------------------------------------------- */

/* vturn_event.kind. A plugin pushes SPIKE, LFP, HEADING, TTL, SOURCE and OUTPUT_RESULT; the others are the host's. */
enum {
  VTURN_TICK = 1,
  VTURN_SPIKE,
  VTURN_LFP,
  VTURN_HEADING,
  VTURN_TTL,
  VTURN_SOURCE,
  VTURN_COMMAND,
  VTURN_OUTPUT_RESULT,
  VTURN_RECORDER
};

/* vturn_event.flags */
enum {
  VTURN_FLAG_BURST_END = 1, /* last event of a received burst: what came together may now be sorted and decided on */
  VTURN_FLAG_MASTER = 2     /* from the clock master */
};

/* vturn_source_change.change */
enum {
  VTURN_CHANGE_UP = 1,   /* first data seen */
  VTURN_CHANGE_EPOCH,    /* restart or jump back; `cause` says which, `epoch` counts from 0 */
  VTURN_CHANGE_GAP,      /* `count` messages or samples lost */
  VTURN_CHANGE_CLOCK,    /* value_ns = uncertainty of this source's mapping onto the session clock */
  VTURN_CHANGE_DOWN,     /* the reader ended or the socket failed */
  VTURN_CHANGE_OVERFLOW, /* `count` events refused by the full queue (pushed by the host) */
  VTURN_CHANGE_REFUSED   /* unusable stream; the text is in the log */
};

/* vturn_source_change.cause */
enum { VTURN_CAUSE_NONE = 0, VTURN_CAUSE_START, VTURN_CAUSE_RESTART, VTURN_CAUSE_LOOP, VTURN_CAUSE_RATE_CHANGE };

/* What became of a pulse: returned by fire and stop, and vturn_output_result.result. */
enum {
  VTURN_RESULT_QUEUED = 0, /* taken; the true result follows as an OUTPUT_RESULT event (queued outputs only) */
  VTURN_RESULT_FIRED = 1,
  VTURN_RESULT_SHAM,    /* the identical path up to the last gate */
  VTURN_RESULT_REFUSED, /* not possible now (busy, too long); nothing came out */
  VTURN_RESULT_FAILED,  /* the device or socket failed; nothing is known to have come out */
  VTURN_RESULT_STOPPED
};

typedef struct vturn_spike {
  uint32_t unit;      /* as the models number it, VTURN_NO_UNIT when no rule maps it */
  uint32_t channel;   /* electrode index within the source */
  float amplitude_uv; /* most negative waveform value, 0 when unknown */
} vturn_spike;

typedef struct vturn_lfp {
  uint16_t signal; /* index from the configuration's "signals" */
  uint16_t count;  /* samples used, 1..VTURN_MAX_LFP_SAMPLES */
  float rate_hz;   /* of these samples; session_time_ns is the first one's */
  float samples[VTURN_MAX_LFP_SAMPLES];
} vturn_lfp;

typedef struct vturn_heading {
  float angle_rad; /* [0, 2 pi), counter-clockwise positive seen from above */
} vturn_heading;

typedef struct vturn_ttl {
  uint8_t line; /* 0-based */
  uint8_t state;
  uint64_t word;
} vturn_ttl;

typedef struct vturn_source_change {
  uint8_t change;
  uint8_t cause;
  uint8_t carries_spikes;
  uint8_t carries_motion;
  uint32_t epoch;
  uint64_t count;
  int64_t value_ns;
} vturn_source_change;

typedef struct vturn_command {
  uint8_t command;
  uint8_t part;
  uint8_t more;
  uint8_t length;
  uint32_t request;
  int64_t value_ns;
  char text[VTURN_MAX_COMMAND_TEXT];
} vturn_command;

typedef struct vturn_output_result {
  uint8_t result;
  uint8_t output; /* "index" of the output's configuration */
  uint16_t rule;
  uint32_t trigger_id;
  int64_t fired_mono_ns; /* when the device had it */
} vturn_output_result;

typedef struct vturn_recorder {
  uint8_t state;
  uint64_t lost;
} vturn_recorder;

typedef struct vturn_event {
  int64_t session_time_ns;
  int64_t arrival_mono_ns; /* CLOCK_MONOTONIC when the reader had the bytes */
  int64_t now_mono_ns;     /* the host's: leave 0 */
  int64_t source_sample;   /* sample number at the source, 0 when it has none */
  uint32_t parse_delay_ns; /* arrival to parsed, saturating */
  uint16_t source;         /* "index" of the configuration; VTURN_NO_SOURCE for output results */
  uint8_t kind;
  uint8_t flags;
  union {
    vturn_spike spike;
    vturn_lfp lfp;
    vturn_heading heading;
    vturn_ttl ttl;
    vturn_source_change source;
    vturn_command command;
    vturn_output_result output;
    vturn_recorder recorder;
    uint8_t bytes[88];
  } payload;
} vturn_event;

#ifdef __cplusplus
static_assert(sizeof(vturn_event) == 128, "the host reads 128 bytes an event");
#else
_Static_assert(sizeof(vturn_event) == 128, "the host reads 128 bytes an event");
#endif

/* ---- what the host gives ---------------------------------------------------------------------------------------- */

enum { VTURN_LOG_DEBUG = 0, VTURN_LOG_INFO, VTURN_LOG_WARNING, VTURN_LOG_ERROR };

/* Counters and gauges of a source: the field numbers of vturn.v1.SourceHealth. The host itself keeps spikes_enqueued,
 * queue_refused and alive. */
enum {
  VTURN_MESSAGES_RECEIVED = 2,
  VTURN_MESSAGES_PARSED = 3,
  VTURN_MESSAGES_MALFORMED = 4,
  VTURN_MESSAGES_LOST = 5,
  VTURN_SPIKES_RECEIVED = 6,
  VTURN_TTL_RECEIVED = 8,
  VTURN_LFP_BLOCKS = 9,
  VTURN_HEADINGS_RECEIVED = 10,
  VTURN_EPOCHS = 12,
  VTURN_GAPS = 13,
  VTURN_CLOCK_UNCERTAINTY_MS = 14, /* gauge */
  VTURN_CLOCK_OFFSET_MS = 15,      /* gauge: session time minus own time, less its value at the first mapping */
  VTURN_SPIKES_UNMAPPED = 17,
  VTURN_COUNTER_END = 18
};

/* One for each instance. All functions are thread-safe between instances; within one instance `push` has ONE caller
 * thread, the others any. None blocks, except log, which may lock and format: not on the decision thread. */
typedef struct vturn_host {
  uint32_t abi_version;
  uint32_t struct_size;
  void* context; /* first argument of every function below */

  /* Priority (SCHED_FIFO) for threads that the plugin's libraries start by themselves, e.g. ZMQ_THREAD_PRIORITY;
   * 0 = ordinary scheduling. */
  int32_t io_thread_priority;
  int32_t reserved;

  /* CLOCK_MONOTONIC, nanoseconds. */
  int64_t (*mono_now_ns)(void* context);

  /* Hands `count` events to the decision thread in this order; wait-free, bounded. Returns how many were taken, always
   * the first ones. The rest are refused because the queue is full: the host counts them and tells the engine; do not
   * retry, go on reading. */
  uint32_t (*push)(void* context, const vturn_event* events, uint32_t count);

  void (*log)(void* context, int32_t level, const char* text);

  /* Publish a counter's value so far (not a difference), or a gauge's value. */
  void (*counter_set)(void* context, uint32_t counter, uint64_t value);
  void (*gauge_set)(void* context, uint32_t gauge, double value);

  /* Called first on every thread that the plugin starts. `name`: at most 15 characters. */
  void (*thread_enter)(void* context, const char* name);

  /* Clock master only, from its reader thread. clock_publish: at `mono_ns` data up to session time `session_ns` had
   * arrived; once a burst is enough. `epoch` rises when session time was set on anew (restart, loop).
   * clock_ttl: a rising edge of `line` (0-based) at `session_ns`. */
  void (*clock_publish)(void* context, int64_t mono_ns, int64_t session_ns, uint32_t epoch);
  void (*clock_ttl)(void* context, uint32_t line, int64_t session_ns);

  /* Other sources. clock_map: session time of data that arrive at `mono_ns`, with its uncertainty. Returns the
   * master's epoch plus 1, or 0 before the master has been heard (nothing is written then).
   * clock_ttl_edges: the master's rising edges of `line` since `*cursor` (start with 0), oldest first, at most
   * `capacity`; advances the cursor, skipping edges that were overwritten. Returns how many were written. */
  int32_t (*clock_map)(void* context, int64_t mono_ns, int64_t* session_ns, int64_t* uncertainty_ns);
  uint32_t (*clock_ttl_edges)(void* context, uint32_t line, uint64_t* cursor, int64_t* session_ns, uint32_t capacity);
} vturn_host;

/* ---- what a plugin gives ---------------------------------------------------------------------------------------- */

/* A source. Configuration: one JSON object, the rig file's [[source]] with
 *   name, index, type, master (bool), clock ("master" | "arrival" | "ttl:LINE", 0-based), speed (session seconds a wall
 * second in accelerated runs, 1 = real time), and the keys of its type, all present, defaults filled in by the host. A
 * plugin ignores keys that it does not know. */
typedef struct vturn_source_functions {
  /* Set-up thread. Checks the configuration, opens sockets, starts nothing. NULL on error, with one line in `error`. */
  void* (*create)(const vturn_host* host, const char* config_json, char* error, size_t error_size);
  /* Set-up thread. Starts the reader. 0, or -1 with one line in `error`. */
  int32_t (*start)(void* instance, char* error, size_t error_size);
  /* Set-up thread. Ends and joins the instance's threads within 200 ms. Also called when start failed. */
  void (*stop)(void* instance);
  void (*destroy)(void* instance);
  /* Decision thread; NULL = not offered. A line for the acquisition software's own recording, written by and by. `text`
   * ends with NUL within VTURN_MAX_MARK_TEXT and is gone after the call. Returns within microseconds; what cannot be
   * kept is dropped. */
  void (*mark)(void* instance, const char* text);
} vturn_source_functions;

enum { VTURN_PULSE_STIM = 1, VTURN_PULSE_SHAM = 2 };

typedef struct vturn_pulse {
  int64_t session_time_ns;  /* of the decision */
  int64_t decision_mono_ns; /* stamp of the decision step */
  uint32_t trigger_id;
  float pulse_ms;
  uint16_t rule;
  uint8_t kind; /* VTURN_PULSE_STIM, VTURN_PULSE_SHAM */
  uint8_t reserved[5];
} vturn_pulse;

/* An output. Configuration: one JSON object, the rig file's [[output]] with name, index, type, pulse_ms and the keys of
 * its type. *Immediate* outputs do their work in fire and return its result. *Queued* outputs hand it to a worker of
 * their own, return VTURN_RESULT_QUEUED, and push one OUTPUT_RESULT event per pulse through their own host. */
typedef struct vturn_output_functions {
  /* Set-up thread. `source` is the source instance of the same plugin whose connection this output shares (created, not
   * started yet), or NULL when the rig file names none. Opens the device with its line off. NULL on error, with one
   * line in `error`. */
  void* (*create)(const vturn_host* host, const char* config_json, void* source, char* error, size_t error_size);
  /* Set-up thread, only while stimulation is disarmed: is the device there and its line off? Fires nothing.
   * 0, or -1 with one line in `error`. */
  int32_t (*self_test)(void* instance, char* error, size_t error_size);
  /* Decision thread. A VTURN_RESULT_ value. A sham does everything but the last step. The device must end the pulse
   * by itself after pulse_ms: the daemon may be gone by then. */
  int32_t (*fire)(void* instance, const vturn_pulse* pulse);
  /* Decision thread. Ends the running pulse of this trigger now; nothing when it has ended. */
  int32_t (*stop)(void* instance, uint32_t trigger_id);
  /* Set-up thread. Switches the line off, ends and joins the instance's threads within 200 ms, frees it. */
  void (*destroy)(void* instance);
} vturn_output_functions;

/* The first two members keep their place in every version of this interface, so that a mismatch is always found. */
typedef struct vturn_plugin {
  uint32_t abi_version;                 /* VTURN_ABI_VERSION of the header the plugin was built with */
  uint32_t struct_size;                 /* sizeof(vturn_plugin) */
  const char* name;                     /* the rig file's `type` */
  const vturn_source_functions* source; /* NULL: not a source */
  const vturn_output_functions* output; /* NULL: not an output */
} vturn_plugin;

/* The one exported symbol. Thread-safe, never NULL, static storage. */
typedef const vturn_plugin* (*vturn_plugin_entry_function)(void);
VTURN_EXPORT const vturn_plugin* vturn_plugin_entry(void);

#ifdef __cplusplus
}
#endif

#endif
