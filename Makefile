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

.DEFAULT_GOAL := help
.PHONY: help setup demo verify table report screenshots weights test test-slow lint format tensorboard bench same-results lock clean data

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

report: setup  ## Tables, figures and a page of the runs below outputs/ [OUTPUTS= REPORT=folder]
	$(RUN) -m srcnn_lightning report "$(OUTPUTS)" --output "$(REPORT)"

screenshots: setup  ## Pictures of the report and of TensorBoard for docs/images, by Chromium [OUTPUTS=]
	$(RUN) docs/screenshots.py "$(OUTPUTS)"

weights: setup  ## Train the packaged networks on drawn images, half an hour [SET5= SET14= WEIGHTS=folder]
	@for folder in "$(SET5)" "$(SET14)"; do [ -d "$$folder" ] || \
		{ echo "$$folder: there is no such folder; give those of the scores by SET5= and SET14="; exit 2; }; done
	$(RUN) -m srcnn_lightning +experiment=weights -m "output_dir='$(WEIGHTS)'"
	$(RUN) -m srcnn_lightning +experiment=weights -m model=srcnn degradation.scale=2 "output_dir='$(WEIGHTS)'"
	$(RUN) -m benchmarks.weights --runs "$(WEIGHTS)" --set5 "$(SET5)" --set14 "$(SET14)"

tensorboard: setup  ## Compare the runs below outputs/ in TensorBoard [LOGDIR=outputs/lr_grid]
	$(VENV)/bin/tensorboard --logdir $(LOGDIR)

test: setup  ## The tests, a few minutes
	$(RUN) -m pytest -n 2 -m "not slow"

test-slow: setup  ## The tests that take longer: the demo, a wheel in a clean environment
	$(RUN) -m pytest -n 2 -m slow

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
