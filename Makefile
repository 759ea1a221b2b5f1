# Each target does its own set-up. `make` itself exits with 2 whenever a command fails; the command's own
# status stands in its last line, "Error 1" for a failed run, "Error 2" for bad input.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

DATA ?= div2k
ROOT ?=
DEGRADATION ?= antialiased
EPOCHS ?=
LOGDIR ?= outputs
OUTPUTS ?= outputs
REPORT ?= report
SUBSET ?= valid
COUNT ?= 100
COMMIT ?= HEAD
TESTS ?= cluster
SET5 ?= data/Set5
SET14 ?= data/Set14
WEIGHTS ?= outputs/weights
TABLE := data=$(DATA) degradation=$(DEGRADATION)
# Any further settings: ARGS="data.url=file:///DIR/ seed=1"
ARGS ?=
ifneq ($(ROOT),)
TABLE += "data.root='$(ROOT)'"
endif
ifneq ($(EPOCHS),)
# In the name, so that a quick look does not move a long study aside.
TABLE += trainer.max_epochs=$(EPOCHS) name_keys=[trainer.max_epochs]
endif
# Half the sides and a tenth of the epochs of the real study: 13 trainings in a few minutes.
DEMO := data=dead_leaves data.crop=400 data.target_size=112 trainer.max_epochs=10 output_dir=outputs/demo
VERIFY := data=dead_leaves data.crop=400 data.target_size=112 trainer.max_epochs=30 output_dir=outputs/verify \
	variant=nearest,bilinear,bicubic,base,identity,tanh,batch_norm seed=0,1,2

# One line for each budget: what a network got stands in its table.
STUDY := "+experiment=ablation variant=nearest,bilinear,bicubic,base,tanh,batch_norm,l2_1e-5,identity \
		seed=0,1,2 trainer.max_epochs=500 name_keys=[trainer.max_epochs]" \
	"+experiment=recipe" \
	"+experiment=models model=srresnet,unetpp,vdsr seed=0" \
	"+experiment=models model=drcn_small seed=0 trainer.max_epochs=30" \
	"+experiment=models model=ninasr,span seed=0 trainer.max_epochs=100" \
	"+experiment=models model=edsr seed=0,1,2 trainer.max_epochs=100" \
	"+experiment=models model=fsrcnn seed=0 trainer.max_epochs=100" \
	"+experiment=models model=espcn seed=0 trainer.max_epochs=200" \
	"+experiment=models model=srcnn seed=0,1,2 trainer.max_epochs=200" \
	"+experiment=models model=ninasr,espcn seed=0 degradation.scale=3,4 trainer.max_epochs=100" \
	"+experiment=models model=bicubic degradation.scale=2,3,4" \
	"model=mdsr model.blocks=8 model.features=32 model.residual=true degradation.scale=[2,3,4] recipe=modern \
		trainer.max_epochs=48" \
	"model=srresnet model.blocks=8 model.features=32 model.residual=true recipe=modern trainer.max_epochs=40 \
		experiment_name=srgan" \
	"model=srresnet model.blocks=8 model.features=32 model.residual=true recipe=srgan trainer.max_epochs=40 \
		experiment_name=srgan task.pretrain_epochs=0 task.discriminator_features=32 data.batch_size=8 \
		data.steps_per_epoch=30 init_from='$(OUTPUTS)/srgan/photos100-antialiased-x2/model=srresnet,blocks=8,features=32,residual=true,recipe=modern'"

.DEFAULT_GOAL := help
.PHONY: help setup demo verify table study documents docs report screenshots weights test test-slow test-cluster lint format \
	tensorboard bench same-results lock clean data

help:  ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(READY)  ## Create .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; give one with make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

data: setup  ## Fetch DIV2K's images and prepare them [SUBSET=train COUNT=800 ROOT= ARGS=]
	$(RUN) -m srcnn_lightning data=div2k prepare_only=true data.subset=$(SUBSET) data.count=$(COUNT) $(if $(ROOT),"data.root='$(ROOT)'") $(ARGS)

demo: setup  ## Learning-rate grid and ablation on built-in images, one to three minutes, no download
	@echo "The demo draws 100 images and trains 13 small networks for 10 epochs each: one to three minutes"
	@echo "on two cores, without a download. It ends with the ablation table; Ctrl-C stops it, make demo goes on."
	$(RUN) -m srcnn_lightning +experiment=lr_grid $(DEMO) -m
	$(RUN) -m srcnn_lightning +experiment=ablation $(DEMO) -m
	$(RUN) -m srcnn_lightning table outputs/demo --expect-gain identity

verify: setup  ## A table on built-in images, compared with docs/verify.csv: three to ten minutes, no download
	@echo "It draws 100 images and trains 12 small networks for 30 epochs each: three to ten minutes on two cores."
	$(RUN) -m srcnn_lightning +experiment=ablation $(VERIFY) -m
	$(RUN) -m srcnn_lightning table outputs/verify --against docs/verify.csv

table: setup  ## Run what is missing of the ablation and print it [DATA= ROOT= DEGRADATION= EPOCHS= ARGS=]
	@# A run that failed has its row in the table; its status comes back after it.
	$(RUN) -m srcnn_lightning +experiment=ablation $(TABLE) $(ARGS) -m; status=$$?; \
	[ $$status -le 1 ] || exit $$status; \
	$(RUN) -m srcnn_lightning table outputs/ablation && exit $$status

study: setup  ## Every run of docs/results.md and docs/networks.md, hours on a GPU, days on two cores [DATA= ROOT= ARGS=]
	@worst=0; for sweep in $(STUDY); do \
		echo "$$sweep"; \
		$(RUN) -m srcnn_lightning $$sweep data=$(DATA) $(if $(ROOT),"data.root='$(ROOT)'") $(ARGS) -m; \
		status=$$?; [ $$status -le 1 ] || exit $$status; [ $$status -eq 0 ] || worst=1; \
	done; exit $$worst

documents: setup  ## Tables, figures and settings of README and docs, from docs/records and conf, and the runs below OUTPUTS [OUTPUTS=]
	$(RUN) docs/tables.py $(if $(filter command\ line,$(origin OUTPUTS)),"$(OUTPUTS)")
	$(RUN) docs/figures.py
	$(RUN) docs/settings.py

# The theme tells of plans for later versions of MkDocs.
docs: setup  ## Build the documentation as a site in build/site
	NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(VENV)/bin/mkdocs build --quiet
	@echo "build/site/index.html"

report: setup  ## Tables, figures and a page of the runs below outputs/ [OUTPUTS= REPORT=folder]
	$(RUN) -m srcnn_lightning report "$(OUTPUTS)" --output "$(REPORT)"

screenshots: setup  ## Pictures of the report and of TensorBoard for docs/images, by Chromium [OUTPUTS=]
	$(RUN) docs/screenshots.py "$(OUTPUTS)"

weights: setup  ## Train the packaged networks on drawn images, ten minutes [SET5= SET14= WEIGHTS=folder]
	@for folder in "$(SET5)" "$(SET14)"; do [ -d "$$folder" ] || \
		{ echo "$$folder: there is no such folder; give those of the scores by SET5= and SET14="; exit 2; }; done
	$(RUN) -m srcnn_lightning +experiment=weights -m "output_dir='$(WEIGHTS)'"
	$(RUN) -m srcnn_lightning +experiment=weights -m model=srcnn degradation.scale=2 "output_dir='$(WEIGHTS)'"
	$(RUN) -m benchmarks.weights --runs "$(WEIGHTS)" --set5 "$(SET5)" --set14 "$(SET14)"

tensorboard: setup  ## Compare the runs below outputs/ in TensorBoard [LOGDIR=outputs/lr_grid]
	$(VENV)/bin/tensorboard --logdir $(LOGDIR)

test: setup  ## The tests, a few minutes
	$(RUN) -m pytest -n 2 -m "not slow and not cluster"

test-slow: setup  ## The tests that take longer: the demo, a wheel in a clean environment
	$(RUN) -m pytest -n 2 -m "slow and not cluster"

test-cluster: setup  ## Sweeps on a real Slurm (apt-get install slurm-wlm munge; as root) and Ray [TESTS=]
	$(RUN) -m pytest -m "$(TESTS)"

lint: setup  ## Style, types and the floors of the imports
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache

format: setup  ## Let ruff put the style right
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

bench: setup  ## Speed, start-up, memory on this machine, kept in benchmarks/ [FOLDER= ARGS=]
	$(RUN) -m benchmarks --output benchmarks $(if $(FOLDER),--folder '$(FOLDER)') $(ARGS)

same-results: setup  ## Whether the results are, bit for bit, those of another commit [COMMIT=HEAD]
	$(RUN) -m benchmarks.same_results $(COMMIT)

lock: setup  ## Write requirements.lock anew from what is installed
	{ sed -n '/^#/p' requirements.lock; $(RUN) -m pip freeze --exclude-editable | sed 's/+cpu//'; } > requirements.lock.new
	mv requirements.lock.new requirements.lock

clean:  ## Remove the environment and caches; never outputs/ or data/
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
