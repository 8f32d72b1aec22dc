; SPDX-License-Identifier: GPL-3.0-or-later
;
; gimp-remote.scm: answers the questions of gimp_desktop.py from inside GIMP.
; Question N is an expression in the file question-N of the folder GIMP_REMOTE;
; its value is written to answer-N, and when done-N exists, all of it is there.
; Script-Fu is a process of its own: while it waits GIMP goes on.

(script-fu-use-v3)

; What is asked about: the image that was opened last, and its first layer.

(define (remote-image)
  (apply max (vector->list (gimp-get-images))))

(define (remote-layer)
  (vector-ref (gimp-image-get-layers (remote-image)) 0))

; Looks at a copy, so that nothing happens to the image or its undo steps.
(define (with-copy function)
  (let ((copy (gimp-image-duplicate (remote-image))))
    (function copy)
    (gimp-image-delete copy)))

(define (starts-with? text start)
  (and (>= (string-length text) (string-length start))
       (string=? start (substring text 0 (string-length start)))))

(define (remote-snapshot path)
  (with-copy
    (lambda (copy)
      (for-each
        (lambda (name)
          (if (starts-with? name "GimpProcedureConfig")
              (gimp-image-detach-parasite copy name)))
        (gimp-image-get-parasite-list copy))
      (gimp-xcf-save RUN-NONINTERACTIVE copy path))))

(define (remote-export path)
  (with-copy
    (lambda (copy)
      (gimp-image-flatten copy)
      (gimp-file-save RUN-NONINTERACTIVE copy path))))

; Of one layer: a run's layer on the canvas may come or go between two questions.
(define (remote-provenance)
  (catch "[]"
    (let ((layer (remote-layer)))
      (if (member "diffusion-provenance" (gimp-item-get-parasite-list layer))
          (caddr (gimp-item-get-parasite layer "diffusion-provenance"))
          "[]"))))

; Questions and answers.

(define remote-folder (getenv "GIMP_REMOTE"))

(define (remote-file name number)
  (string-append remote-folder "/" name "-" (number->string number)))

(define (remote-answer number)
  (let* ((question (call-with-input-file (remote-file "question" number) read))
         (value (catch "error" (eval question))))
    (call-with-output-file (remote-file "answer" number)
      (lambda (port) (display value port)))
    (call-with-output-file (remote-file "done" number)
      (lambda (port) (display "done" port)))))

(define (remote-serve number)
  (while (not (file-exists? (remote-file "question" number)))
    (usleep 20000))
  (remote-answer number)
  (remote-serve (+ number 1)))

(remote-serve 1)
