#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# demo.sh [PHOTO [MASK [OUTPUT]]]
#
# Builds the plug-in and lets a real GIMP 3 without a window repair PHOTO,
# damaged where MASK is white, and clean it of noise that was added to it.
# The pictures before and after go to the folder OUTPUT (./demo-output).
# MASK is stretched to the photo's size; without arguments a photo and scratches
# that come with the tree are used.

set -eu

if [ -z "${DIFFUSION_INSIDE-}" ]; then
  case ${1-} in -*) sed -n '4,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac
  tree=$(cd "$(dirname "$0")/.." && pwd -P)
  photo=${1:-$tree/tests/data/demo-photo.png}
  mask=${2:-$tree/tests/data/demo-mask.png}
  output=${3:-demo-output}
  for f in "$photo" "$mask"; do
    [ -r "$f" ] || { echo "demo.sh: cannot read $f" >&2; exit 2; }
  done
  mkdir -p "$output"
  output=$(cd "$output" && pwd -P)

  # Of this machine's folders GIMP may see only the tree: work in there.
  work=$(mktemp -d "$tree/.demo-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  cp "$photo" "$work/photo"
  cp "$mask" "$work/mask"
  DIFFUSION_INSIDE=1 sh "$tree/tests/in-debian.sh" sh plugin/demo.sh "${work##*/}" </dev/null || exit

  for f in 1-damaged 2-inpainted 3-noisy 4-denoised; do
    cp "$work/$f.png" "$output/"
  done
  while read -r what before after seconds; do
    printf '%s: %s s\n  before: %s\n  after:  %s\n' \
      "$what" "$seconds" "$output/$before.png" "$output/$after.png"
  done <"$work/steps"
  exit
fi

work=$1
tests=false
. tests/build.sh

# A profile of its own: it knows this build of the plug-in and no other.
export GIMP3_DIRECTORY="$PWD/$work/profile"
mkdir "$GIMP3_DIRECTORY"
echo "(plug-in-path \"$DIFFUSION_PLUGINS:\${gimp_plug_in_dir}/plug-ins\")" >"$GIMP3_DIRECTORY/gimprc"

cat >"$work/demo.scm" <<'EOF'
(script-fu-use-v3)

(define (now)
  (let ((t (gettimeofday))) (+ (car t) (/ (cadr t) 1000000.0))))

(define (load-flat path)
  (let ((image (gimp-file-load RUN-NONINTERACTIVE path)))
    (if (= (gimp-image-get-base-type image) INDEXED) (gimp-image-convert-rgb image))
    (gimp-image-flatten image)
    image))

(define (layer-of image) (vector-ref (gimp-image-get-layers image) 0))

(define (save image name)
  (gimp-file-save RUN-NONINTERACTIVE image (string-append name ".png")))

; Select what is white in the mask, stretched to the image's size.
(define (select-mask image path)
  (let ((layer (gimp-file-load-layer RUN-NONINTERACTIVE image path)))
    (gimp-image-insert-layer image layer -1 0)
    (gimp-layer-scale layer (gimp-image-get-width image) (gimp-image-get-height image) FALSE)
    (gimp-layer-set-offsets layer 0 0)
    (let ((mask (gimp-layer-create-mask layer ADD-MASK-COPY)))
      (gimp-layer-add-mask layer mask)
      (gimp-image-select-item image CHANNEL-OP-REPLACE mask))
    (gimp-image-remove-layer image layer)))

; Save the image, let (filter image layer) change it, save it again.
(define (step steps what filter image before after)
  (save image before)
  (let ((start (now)))
    (filter image (layer-of image))
    (let ((tenths (round (* 10 (- (now) start)))))
      (save image after)
      (display (string-append what " " before " " after " "
                              (number->string (/ tenths 10)) "\n") steps)))
  (gimp-image-delete image))

(define (inpaint image layer)
  (plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer)))

(define (denoise image layer)
  (plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer)))

(let ((image (load-flat "photo"))
      (steps (open-output-file "steps")))
  (select-mask image "mask")
  (gimp-drawable-edit-fill (layer-of image) FILL-WHITE)
  (step steps "Inpaint" inpaint image "1-damaged" "2-inpainted")

  ; Gaussian noise of a standard deviation of 25 of the 255 levels.
  (set! image (load-flat "photo"))
  (gimp-drawable-merge-new-filter (layer-of image) "gegl:noise-rgb" 0 LAYER-MODE-REPLACE 1.0
    "correlated" #f "independent" #t "linear" #f "gaussian" #t
    "red" 0.196 "green" 0.196 "blue" 0.196 "seed" 1)
  (step steps "Denoise" denoise image "3-noisy" "4-denoised")
  (close-output-port steps))
EOF

# GIMP chatters on stderr; it matters only when something went wrong.
cd "$work"
gimp-console-3 -nidfs --batch-interpreter=plug-in-script-fu-eval \
  -b '(load "demo.scm")' --quit 2>log ||
  { code=$?; cat log >&2; exit "$code"; }
