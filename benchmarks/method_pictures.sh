#!/usr/bin/env bash
# The runs behind the pictures of docs/methods that are of images, each a healthy one and sick ones, and the pictures:
#
#     bash benchmarks/method_pictures.sh runs/methods                  # all of them: hours of a CPU
#     bash benchmarks/method_pictures.sh runs/methods began cyclegan   # some
#
# A run that is there is not played again. Those of points: python benchmarks/method_pictures.py toys --out=docs/images/methods
set -euo pipefail
cd "$(dirname "$0")/.."
runs=$1; shift; mkdir -p "$runs"
methods=${*:-ssgan lt cr stylegan2 progan stylegan r3gan_faces ada acgan infogan dcgan began biggan pix2pix cyclegan gan3d vaegan3d}
few="--config.log.samples_every=100 --config.checkpoint.every=100000"

run() { # NAME --config=CONFIG ...
  local folder=$runs/$1; shift
  [ -e "$folder.finished" ] || { python -m gan_jax.main train --workdir="$folder" "$@" && touch "$folder.finished"; }
}
draw() { # PICTURE NAME=RUN ... --numbers ...
  local picture=docs/images/methods/$1.png; shift
  local words=()
  for word in "$@"; do [[ $word == *=* && $word != --* ]] && words+=("${word%%=*}=$runs/${word#*=}") || words+=("$word"); done
  python benchmarks/method_pictures.py runs "${words[@]}" --out="$picture"
}
small_digits="--config.data.source=digits --config.data.shape=16,16,1 --config.data.filter=bicubic"
small_maps="--config.data.shape=32,32,3 --config.log.samples_every=100 --config.checkpoint.every=100000"

for method in $methods; do case $method in
ssgan)
  run ssgan --config=ssgan_faces --config.steps=3184
  run sngan --config=sngan_faces --config.steps=3855
  draw ssgan "with rotation"=ssgan "without"=sngan --shown=3 --numbers samples/distance d/real_accuracy d/fake_accuracy ;;
lt)
  run lt --config=lt_digits
  run lt_small --config=lt_digits --config.regularizers.latent_transform.sigma_eps=0.1
  run lt_heavy --config=lt_digits --config.steps=3000 --config.regularizers.latent_transform.weight_g=1.0
  draw lt "lambda 0.1"=lt "sigma_eps 0.1"=lt_small "lambda 1"=lt_heavy --shown=3 --numbers g/latent_transform_accuracy samples/distance ;;
cr)
  run cr_lt --config=cr_lt_digits --config.regularizers.latent_transform.sigma_eps=0.1
  run lt_small --config=lt_digits --config.regularizers.latent_transform.sigma_eps=0.1
  draw cr "with CR"=cr_lt "without"=lt_small --shown=3 --numbers d/consistency_real d/real_logit d/fake_logit ;;
stylegan2)
  run stylegan2 --config=stylegan2_faces
  run stylegan2_weak --config=stylegan2_faces --config.regularizers.r1.regularizer.gamma=0.05
  draw stylegan2 "gamma 1"=stylegan2 "gamma 0.05"=stylegan2_weak --shown=3 --numbers samples/distance d/real_logit ;;
progan)
  run progan --config=progan_faces
  draw progan "progan_faces"=progan --shown=3 --numbers d/slope d/real_logit samples/distance ;;
stylegan)
  run stylegan --config=stylegan_faces
  run lt_stylegan --config=lt_stylegan_faces
  draw stylegan "stylegan_faces"=stylegan "lt_stylegan_faces"=lt_stylegan --shown=3 --numbers samples/distance d/real_logit d/r1 ;;
r3gan_faces)
  run r3gan --config=r3gan_faces --config.steps=1047
  draw r3gan_faces "r3gan_faces, round 1,047"=r3gan --shown=3 --numbers d/r1 d/r2 samples/distance ;;
ada)
  run ada --config=benchmarks/growing_faces.py:ada
  run ada_without --config=benchmarks/growing_faces.py:plain
  draw ada "with ADA"=ada "without"=ada_without --shown=3 --numbers d/augment_probability d/real_logit samples/distance ;;
acgan)
  run acgan --config=acgan_digits
  run acgan_few --config=acgan_digits --config.data.labelled=0.05
  draw acgan "all labels"=acgan "5 % of them"=acgan_few --shown=3 --numbers d/class_accuracy_real d/class_accuracy_fake d/class_real ;;
infogan)
  run infogan --config=infogan_digits
  draw infogan "infogan_digits"=infogan --shown=3 --numbers g/code_accuracy g/code_deviation samples/distance ;;
dcgan)
  run dcgan --config=dcgan_stacked_digits --config.steps=600 $few
  run dcgan_won --config=dcgan_stacked_digits --config.steps=600 $few --config.optim.generator.learning_rate=2e-6 --config.optim.discriminator.learning_rate=1e-3
  draw dcgan "as it ships"=dcgan "D has won"=dcgan_won --shown=3 --numbers d/real_accuracy d/fake_accuracy samples/distance ;;
began)
  tiny="--config=began_faces $small_digits --config.generator.width=8 --config.discriminator.width=8 --config.steps=2000 $few"
  run began $tiny
  run began_stuck $tiny --config.loss.gamma=0.1
  draw began "gamma 0.5"=began "gamma 0.1"=began_stuck --shown=3 --numbers d/k d/balance d/convergence ;;
biggan)
  tiny="--config=biggan_cifar10 $small_digits --config.generator.ch=8 --config.discriminator.ch=8 --config.d_steps=2 --config.steps=600 --config.ema.start=50 --config.ema.decay=0.99 $few"
  run biggan $tiny
  run biggan_fast $tiny --config.optim.discriminator.learning_rate=1e-2
  draw biggan "D's rate 2e-4"=biggan "1e-2"=biggan_fast --shown=3 --numbers d/real_logit g/gradient_norm samples/distance ;;
pix2pix)
  tiny="--config=pix2pix_maps $small_maps --config.generator.width=8 --config.discriminator.width=8 --config.steps=400"
  run pix2pix $tiny
  run pix2pix_without $tiny --config.method.weight_l1=0
  draw pix2pix "L1 weight 100"=pix2pix "0"=pix2pix_without --shown=3 --numbers g/l1 d/real_accuracy d/fake_accuracy ;;
cyclegan)
  tiny="--config=cyclegan_maps $small_maps --config.a_to_b.width=8 --config.b_to_a.width=8 --config.a_to_b.blocks=2 --config.b_to_a.blocks=2 --config.discriminator_a.width=8 --config.discriminator_b.width=8 --config.steps=1500"
  run cyclegan $tiny
  run cyclegan_without $tiny --config.method.weight_cycle=0
  draw cyclegan "cycle weight 10"=cyclegan "0"=cyclegan_without --shown=3 --numbers g/cycle_a d/adversarial ;;
gan3d)
  tiny="--config=gan3d_furniture --config.generator.widths=32,16,8 --config.discriminator.widths=8,16,32 --config.steps=300 $few"
  run gan3d $tiny
  run gan3d_weak $tiny --config.regularizers.gradient_penalty.weight=0.0
  draw gan3d "penalty 10"=gan3d "none"=gan3d_weak --shown=3 --numbers d/slope d/wasserstein_estimate samples/distance ;;
vaegan3d)
  tiny="--config=vaegan3d_furniture --config.generator.widths=32,16,8 --config.discriminator.widths=8,16,32 --config.batch_size=8 --config.steps=300 $few"
  run vaegan3d $tiny
  run vaegan3d_kl $tiny --config.method.weight_kl=5.0 --config.method.weight_reconstruction=1e-4
  draw vaegan3d "0.1 KL + 0.02 error"=vaegan3d "5 KL + 1e-4 error"=vaegan3d_kl --shown=3 --numbers e/kl e/reconstruction ;;
*) echo "no such method: $method"; exit 1 ;;
esac; done
