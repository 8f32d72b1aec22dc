/* gimp-diffusion: denoising diffusion for GIMP
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * diffusion.h: the public header of core/. Everything that the plug-in, the
 * tests and the benchmarks may call.
 *
 * Conventions
 *   Pixels     planar float, one plane after the other, each plane row by row
 *              without padding: pixels[(c * height + y) * width + x]. Values
 *              are on the sRGB curve in the picture's own primaries, nominally
 *              0…1; values outside are kept (HDR). Channels: 1 (gray) or 3.
 *   t          a real timestep, −1 (clean picture, ᾱ = 1) … T − 1.
 *   σ          standard deviation of the noise; "8-bit levels" are 1/255 of
 *              the range 0…1.
 *   Errors     functions that can fail return FALSE or NULL and set a GError
 *              whose message is one sentence for the user. Domains:
 *              DIFFUSION_ERROR, and G_IO_ERROR with G_IO_ERROR_CANCELLED.
 *   Threads    a DiffusionModel and a DiffusionWorkers may be used by one call
 *              at a time. Callbacks (read, write, report) come from the thread
 *              that made the call.
 *   Bytes      the same seed, settings, model, build and processor give the
 *              same bytes whatever the number of workers or the load.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* --- Errors --------------------------------------------------------------- */

#define DIFFUSION_ERROR (diffusion_error_quark ())
GQuark diffusion_error_quark (void);

typedef enum
{
  DIFFUSION_ERROR_MODEL,    /* a model folder that is missing, broken or not supported */
  DIFFUSION_ERROR_ARGUMENT, /* a setting outside its range, or a region that is empty */
  DIFFUSION_ERROR_MEMORY,   /* the memory needed is not there */
} DiffusionError;

/* --- Workers -------------------------------------------------------------- */

typedef struct DiffusionWorkers DiffusionWorkers;

/* n_threads ≥ 1: that many threads, the calling one included; they sleep while
 * they wait. Never NULL. */
DiffusionWorkers *diffusion_workers_new (int n_threads);
void              diffusion_workers_free (DiffusionWorkers *workers);

/* --- Model ---------------------------------------------------------------- */

typedef struct DiffusionModel DiffusionModel;

/* Loads a model folder in the layout of Hugging Face diffusers
 * (unet/config.json, unet/diffusion_pytorch_model.safetensors,
 * scheduler/scheduler_config.json, or the three files flat in one folder).
 * Every byte is checked before it is used. Errors: DIFFUSION_ERROR_MODEL,
 * DIFFUSION_ERROR_MEMORY. */
DiffusionModel *diffusion_model_load (const char *folder, GError **error);
void            diffusion_model_free (DiffusionModel *model);

/* The same folder without the tensors: the configurations and the header of the
 * weights are read and checked, in milliseconds whatever the model's size. Such a
 * model answers all questions below and those about cost; it cannot run. */
DiffusionModel *diffusion_model_load_metadata (const char *folder, GError **error);

typedef struct
{
  guint64 n_parameters;
  guint64 bytes;         /* of memory, once loaded */
  guint64 bytes_loading; /* the most that is held while it is being loaded */
  int     sample_size;   /* side of the pictures it was trained on, pixels; 0: not told */
  int     n_colours;     /* of the pictures it knows: 3, or 1: gray, and of a colour picture it
                          * sees each channel by itself */
} DiffusionModelInfo;

void diffusion_model_get_info (const DiffusionModel *model, DiffusionModelInfo *info);

/* SHA-256 of the safetensors file, 64 hexadecimal digits. Owned by the model. */
const char *diffusion_model_get_sha256 (const DiffusionModel *model);

/* TRUE when the network sees the mask and the known pixels. */
gboolean diffusion_model_is_mask_aware (const DiffusionModel *model);

/* Work that has been done: by the time it took, the speed of this machine. */
typedef struct
{
  guint64 n_evaluations; /* of the network, each on one window */
  double  macs;          /* multiply-accumulates that all of them took, and the picture's patches */
} DiffusionWork;

/* By all runs with this model since it was loaded. */
DiffusionWork diffusion_model_get_work (const DiffusionModel *model);

/* So much work takes work.macs / `macs` + n_evaluations × `evaluation` seconds. */
typedef struct
{
  double macs;       /* a second */
  double evaluation; /* seconds: to read the weights, and whatever else is the same for
                      * windows of all sizes */
} DiffusionSpeed;

/* Evaluates the network on windows of a few sizes for a second and somewhat more. FALSE on
 * error, and *speed is as it was. `cancel` may be NULL. */
gboolean diffusion_model_measure (DiffusionModel   *model,
                                  DiffusionWorkers *workers,
                                  DiffusionSpeed   *speed,
                                  GCancellable     *cancel,
                                  GError          **error);

/* --- Memory --------------------------------------------------------------- */

/* Bytes that this process may still take: the least of what the machine (swap
 * included), its control groups and its limit of address space leave it.
 * G_MAXUINT64 where the system does not tell. */
guint64 diffusion_memory_available (void);

/* Bytes of memory that this process holds, and the most it ever held; 0 where the
 * system does not tell. */
guint64 diffusion_memory_used (void);
guint64 diffusion_memory_peak (void);

/* FALSE and DIFFUSION_ERROR_MEMORY, with both numbers and a cure, when `needed` is
 * more than `available`. */
gboolean diffusion_memory_check (guint64 needed, guint64 available, GError **error);

/* --- Cost ----------------------------------------------------------------- */

/* What a run takes, told before it from shapes alone. */
typedef struct
{
  guint64 n_evaluations; /* of the network, each on one window */
  double  macs;          /* multiply-accumulates that all of them take, and the picture's patches */
  guint64 bytes;         /* the most memory that core holds at once, the model included */
} DiffusionCost;

/* --- Pictures ------------------------------------------------------------- */

typedef struct
{
  int x, y, width, height; /* drawable coordinates, pixels */
} DiffusionRect;

/* A selection value below this does not count. A feathered selection in a float image is
 * above zero nearly everywhere: without a threshold it would be as large as its layer. */
#define DIFFUSION_SELECTION_MIN (1.0f / 512.0f)

/* Where a job reads from. A window lies inside 0…width, 0…height. */
typedef struct
{
  int width, height;
  int n_channels; /* 1 or 3 */

  /* Fills the planes of `window`, each unless NULL: `pixels` (n_channels ×
   * height × width), `alpha` and `selection` (height × width, 0…1). */
  gboolean (*read) (gpointer             data,
                    const DiffusionRect *window,
                    float               *pixels,
                    float               *alpha,
                    float               *selection,
                    GError             **error);
  gpointer data;

  /* Fills a plane of `window` with where patches may be taken from: above one half. NULL:
   * anywhere. */
  gboolean (*read_allowed) (gpointer             data,
                            const DiffusionRect *window,
                            float               *allowed,
                            GError             **error);
} DiffusionSource;

/* Where a job writes to: finished windows, each pixel of the region at least
 * once, the last write counting. Values are not blended with the selection:
 * that is the caller's part. Nothing is written when the job fails or is
 * cancelled before its first write; the caller keeps the result apart until
 * the job has returned TRUE. */
typedef struct
{
  gboolean (*write) (gpointer             data,
                     const DiffusionRect *window,
                     const float         *pixels, /* n_channels × height × width */
                     GError             **error);
  gpointer data;
} DiffusionSink;

/* Fills the pixels that are not known from those that are, close to a membrane stretched
 * between them. planes: n_channels × height × width, in place, finite everywhere; known:
 * height × width, 1 or 0. With nothing known the planes become 0. Error:
 * DIFFUSION_ERROR_MEMORY. */
gboolean diffusion_fill_smoothly (int          width,
                                  int          height,
                                  int          n_channels,
                                  float       *planes,
                                  const float *known,
                                  GError     **error);

/* --- Progress ------------------------------------------------------------- */

typedef struct
{
  int           step;     /* network evaluations (of a whole picture) done, 0…n_steps */
  double        fraction; /* share of all the work done, 0…1; finer than step / n_steps */
  int           n_steps;
  DiffusionRect window; /* what `x0` shows: the region and its context (Inpaint), the
                             * part that has just been done (Denoise) */
  int           n_channels;
  const float  *x0; /* x̂_0, the present estimate of the clean picture; planar, 0…1;
                             * NULL when nothing new is to be shown. Valid during the call. */
} DiffusionStep;

typedef struct
{
  GCancellable *cancel; /* nullable. Cancelled: the job fails with G_IO_ERROR_CANCELLED
                         * within one block of one layer of work. */
  GCancellable *finish; /* nullable. Cancelled: no further step is begun, the present x̂_0 is
                         * the result ("Stop here and keep this"); what Denoise has not
                         * come to gets one evaluation. */
  void (*report) (gpointer data, const DiffusionStep *step); /* nullable */
  gpointer data;
} DiffusionProgress;

/* --- Inpaint -------------------------------------------------------------- */

/* The reverse process. The first three evaluate the network once a step, the others
 * twice (but for the last step). DDIM without η, DPM-Solver++ and Heun draw no noise of
 * their own: all the chance is in x_T, and in the jumps where there are some. */
typedef enum
{
  DIFFUSION_SAMPLER_DDIM,                /* Song, Meng and Ermon 2021, eq. 12 and 16 */
  DIFFUSION_SAMPLER_DDPM,                /* Ho et al. 2020, algorithm 2: ancestral */
  DIFFUSION_SAMPLER_DPM_SOLVER,          /* Lu et al. 2022, DPM-Solver++(2M), algorithm 2 */
  DIFFUSION_SAMPLER_HEUN,                /* Karras et al. 2022, algorithm 1: the probability-flow
                                          * ODE by Heun's rule */
  DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR, /* Song et al. 2021 (score SDE), algorithm 3: the reverse
                                          * SDE, Langevin's step at each new time */
} DiffusionSampler;

/* Where the steps of a run from t to the clean picture lie. */
typedef enum
{
  DIFFUSION_SPACING_TRAILING,  /* evenly in t, from t on */
  DIFFUSION_SPACING_LEADING,   /* evenly in t, down to 0: begins one step below t */
  DIFFUSION_SPACING_LINSPACE,  /* evenly from t to 0 */
  DIFFUSION_SPACING_QUADRATIC, /* t + 1 falls as the square of the steps that remain
                                * (Song, Meng and Ermon 2021, appendix D.2) */
  DIFFUSION_SPACING_KARRAS,    /* σ^(1/7) evenly (Karras et al. 2022, eq. 5) */
  DIFFUSION_SPACING_MODEL,     /* what the model's scheduler says: one of the first three */
} DiffusionSpacing;

/* How the known pixels enter a step. */
typedef enum
{
  DIFFUSION_DATA_REPLACE, /* x_s is replaced by q(x_s | x_0) there (Lugmayr et al. 2022, RePaint) */
  DIFFUSION_DATA_PASTE, /* x̂_0 is replaced there, then the step is made (Zhu et al. 2023, DiffPIR) */
} DiffusionDataStep;

/* Who says what lies in the hole. */
typedef enum
{
  /* Each where it is better: in thin holes, and where steps or a strength below 1 are asked
   * for, the network; in others the picture and, at the seams that show, the network; where the
   * surroundings hold no detail neither, but a membrane that is stretched over the hole. */
  DIFFUSION_EXPERT_AUTOMATIC,
  DIFFUSION_EXPERT_NETWORK,
  DIFFUSION_EXPERT_PICTURE, /* its own patches; the network at their seams */
} DiffusionExpert;

typedef struct
{
  double            strength; /* 0…1: the start is t = strength · T − 1 */
  int               steps;    /* reverse steps, 0…1000, 0: what the model asks for and, with a
                               * mask-aware model, each part of the selection */
  DiffusionSampler  sampler;
  DiffusionSpacing  spacing;
  double            eta;         /* DDIM's η, 0…1: the share of DDPM's noise in a step */
  int               resample;    /* r, 0…50, 0: what the model asks for */
  int               jump_length; /* j, 1…100, in reverse steps */
  DiffusionDataStep data_step;
  int               context; /* 0…4096 pixels around a part of the selection that the network
                              * sees at each of the part's scales; more than 512 are as good
                              * as 512; 0: what the model asks for */
  guint32           seed;    /* 0…2147483647 */
  DiffusionExpert   expert;
} DiffusionInpaintSettings;

/* Fills the selected pixels of `region` by the network's reverse process from x_t with
 * the RePaint step (Lugmayr et al. 2022, algorithm 1), or by that of the picture's own patches. What lies far apart, or
 * is too large to be held at once, is done in parts, one after the other, what
 * is wider than the network has learned to fill from coarse to fine. `region` is the bounding
 * box of the selection values that count and lies inside the source.
 * On success the automatic settings (0) in `settings` hold what was used.
 * `progress` may be NULL. */
gboolean diffusion_inpaint (DiffusionModel           *model,
                            DiffusionWorkers         *workers,
                            const DiffusionSource    *source,
                            const DiffusionSink      *sink,
                            const DiffusionRect      *region,
                            DiffusionInpaintSettings *settings,
                            const DiffusionProgress  *progress,
                            GError                  **error);

/* What diffusion_inpaint() with the same arguments and n_threads workers will take.
 * `model` may be its metadata alone. Looks through the selection of the region (a second for
 * 60 megapixels), since the work follows from what is selected; pixels are not read. At most:
 * what an earlier part has filled may be left out. Errors: as diffusion_inpaint() refuses its
 * arguments and the selection. */
gboolean diffusion_inpaint_cost (const DiffusionModel           *model,
                                 int                             n_threads,
                                 const DiffusionSource          *source,
                                 const DiffusionRect            *region,
                                 const DiffusionInpaintSettings *settings,
                                 DiffusionCost                  *cost,
                                 GError                        **error);

/* --- Denoise -------------------------------------------------------------- */

typedef enum
{
  DIFFUSION_METHOD_MATCHED, /* the picture, scaled by √ᾱ_t, is x_t */
  DIFFUSION_METHOD_RENOISE, /* fresh noise is added up to x_t */
} DiffusionMethod;

typedef enum
{
  DIFFUSION_NOISE_NONE,
  DIFFUSION_NOISE_TRACE,  /* nothing sure; the little that a photograph nearly always has */
  DIFFUSION_NOISE_CAMERA, /* coarser than white noise, as cameras and films make it */
  DIFFUSION_NOISE_WHITE,
} DiffusionNoiseKind;

/* What was measured in a region, in 8-bit levels of one channel. */
typedef struct
{
  gboolean           is_measured;
  DiffusionNoiseKind kind;
  double   sigma; /* the noise that a network has to be told so that it takes it out; 0: none */
  double   sigma_half;    /* the same of the picture at half its size; 0: white noise, all of which
                      * goes at full size */
  double   impulses;      /* hot and dead pixels, salt and pepper that are filled: a share of all */
  int      impulse_kinds; /* of core/denoise/impulses.h */
  gboolean blocks;        /* JPEG's blocks show; they are not treated */
} DiffusionNoise;

typedef struct
{
  double           strength; /* 0…1, t = strength · T − 1; 0: estimated */
  double           sigma;    /* 0…255, 8-bit levels; above 0 it sets t and wins */
  DiffusionMethod  method;
  int              steps;   /* 0…1000; 0 or 1: one evaluation, the posterior mean */
  DiffusionSampler sampler; /* used when steps > 1 */
  double           detail;  /* 0…1, share of the removed residual that is put back */
  double           kept_lightness, kept_colour; /* 0…1, the same of its lightness, its colours */
  guint32          seed;
  DiffusionNoise   found; /* where nothing is told: measured before, or else by the run */
} DiffusionDenoiseSettings;

/* Denoises `region`. On success `settings` holds the strength, sigma and steps
 * that were used, 0 where nothing was found, and what was found. A region with one colour for each
 * brightness (gray, sepia, a duotone) is denoised as a gray one and keeps its colours. Noise that is coarser
 * than white noise is taken out at two sizes. Impulses are filled from what is around them
 * where nothing is told. */
gboolean diffusion_denoise (DiffusionModel           *model,
                            DiffusionWorkers         *workers,
                            const DiffusionSource    *source,
                            const DiffusionSink      *sink,
                            const DiffusionRect      *region,
                            DiffusionDenoiseSettings *settings,
                            const DiffusionProgress  *progress,
                            GError                  **error);

/* The pixels of `part` (inside `region`) alone, to the bit as diffusion_denoise() of the
 * whole region makes them: of the region's windows those are evaluated that are felt in the
 * part. For previews. With automatic settings the noise is estimated in the region. */
gboolean diffusion_denoise_part (DiffusionModel           *model,
                                 DiffusionWorkers         *workers,
                                 const DiffusionSource    *source,
                                 const DiffusionSink      *sink,
                                 const DiffusionRect      *region,
                                 const DiffusionRect      *part,
                                 DiffusionDenoiseSettings *settings,
                                 const DiffusionProgress  *progress,
                                 GError                  **error);

/* As diffusion_inpaint_cost(). */
gboolean diffusion_denoise_cost (const DiffusionModel           *model,
                                 int                             n_threads,
                                 const DiffusionSource          *source,
                                 const DiffusionRect            *region,
                                 const DiffusionDenoiseSettings *settings,
                                 DiffusionCost                  *cost,
                                 GError                        **error);

/* Measures the noise in `region`, from the pixels that are selected and not transparent.
 * Large regions are sampled, at most a million pixels at each size; narrow ones look around
 * themselves. All 0 where there is nothing to see: too small a picture, or one of flat colours.
 * `cancel` may be NULL. FALSE on error. */
gboolean diffusion_estimate_noise (const DiffusionSource *source,
                                   const DiffusionRect   *region,
                                   GCancellable          *cancel,
                                   DiffusionNoise        *noise,
                                   GError               **error);

G_END_DECLS
