# The one launcher: `make` lists what it does. Set-up steps are files (or a quick look at dpkg),
# so whatever is there already is left alone and a repeat costs next to nothing.
# Supported: Debian 12+, Ubuntu 24.04+, Python 3.11+.

PORT ?= 8080
DEMO ?= 1
ARGS ?=

# WeasyPrint's native libraries and the fonts of official documents; for the tests what Playwright's driver links to
# (and, where no browser is found, one without windows). FandolFang is one file of texlive-lang-chinese.
PACKAGES := libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-noto-cjk fonts-lxgw-wenkai
TEST_PACKAGES := libatomic1
BROWSERS := chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable
FONT := .cache/fonts/FandolFang-Regular.otf
INSTALLED := .venv/.installed
READINGS := .cache/readings.json
SECRET := $(or $(PORTAL_INSTANCE),instance)/secret
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/*.po))

# Compiled once, not by every process: the test workers, the print worker, the reader of sheets.
unexport PYTHONDONTWRITEBYTECODE

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help setup run backup restore rotate test check bench translations lock clean system

help: ## 列出全部命令 / list these commands
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## 启动门户 / serve the portal: PORT=8080; DEMO=0 不装演示数据 / without demo data
	.venv/bin/flask --app app init $(if $(filter-out 0,$(DEMO)),--demo)
	echo "==> 打开 / open http://127.0.0.1:$(PORT)   停止 / stop: Ctrl+C"
	exec .venv/bin/gunicorn --bind 127.0.0.1:$(PORT) "app.portal:build()"

backup: setup ## 备份并核对 / make a backup and check it
	.venv/bin/flask --app app backup make

restore: setup ## 恢复备份 / restore a backup: FILE=portal-….zip; FORCE=1 也覆盖已有数据 / over data that is there
	$(value functions)
	[[ -n "$(FILE)" ]] || stop "请写明备份文件 / name the file: make restore FILE=portal-….zip"
	.venv/bin/flask --app app backup restore $(if $(filter 1,$(FORCE)),--force) -- "$(FILE)"

rotate: setup ## 更换密钥，先停止门户 / give the installation a new secret, with the portal stopped
	.venv/bin/flask --app app secret rotate

test: setup ## 全部测试 / the whole test suite: ARGS="-k roster"
	.venv/bin/pytest -n 2 $(ARGS)

check: setup ## 代码、类型、译文、迁移与测试 / lint, types, translations, migrations, tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/flask --app app translations check
	.venv/bin/flask --app app migrations check
	.venv/bin/pytest -n 2 $(ARGS)

test check: PACKAGES += $(TEST_PACKAGES)
test check: BROWSER := needed

bench: setup ## 速度 / measure speed
	.venv/bin/python -m tests.bench $(ARGS)

hostile: setup ## 敌意输入、并发、断电 / what people, programs and bad luck do to it, at length: ARGS=0.01 a hundredth
	.venv/bin/python -m tests.hostile $(ARGS)

translations: $(INSTALLED) ## 更新译文目录 / extract new words into the catalogues, compile them
	mkdir -p .cache
	PYTHONPATH=. .venv/bin/pybabel -q extract --mapping-file pyproject.toml --project community-portal --add-location file \
		--sort-output --keywords "_l lazy_gettext" --output-file .cache/messages.pot app
	.venv/bin/pybabel -q update --init-missing --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
		--input-file .cache/messages.pot --output-dir translations --locale zh
	$(MAKE) --no-print-directory setup

lock: $(INSTALLED) ## 重新锁定依赖 / lock the dependencies again: ARGS=--upgrade
	[[ -x .venv/bin/uv ]] || .venv/bin/python -m pip install --quiet uv
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --extra dev --extra bench --generate-hashes \
		--no-header --no-annotate $(ARGS) pyproject.toml -o requirements.lock

clean: ## 删除可重建的文件，保留 instance/ 中的数据 / remove what can be rebuilt, never the data in instance/
	rm -rf .venv .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache $(CATALOGUES)
	find app tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

setup: $(INSTALLED) $(FONT) $(CATALOGUES) $(READINGS) $(SECRET) ## 只做准备 / set up only: packages, fonts, translations

# ---- set-up -----------------------------------------------------------------------------------------------------

define functions
say() { printf '==> %s\n' "$*"; }
stop() { printf '!!! %s\n' "$*" >&2; exit 1; }
become_root() { ((EUID == 0)) || sudo -n true 2>/dev/null || { [[ -t 0 ]] && command -v sudo >/dev/null && sudo -v; }; }
as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }
apt_get() {  # waits for a lock held by the system's own updates
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
}
find_python() {  # asks each one: a version manager may have names that do not run
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$python"; return; fi
    done
    stop "需要 Python 3.11 或更新版本 / Python 3.11 or newer is needed"
}
endef

# Looked at every time, not remembered: packages can be removed, and dpkg answers in milliseconds.
system:
	$(value functions)
	wanted=($(PACKAGES))
	if [[ ! -x .venv/bin/pip ]]; then
		python=$$(find_python)
		"$$python" -c 'import ensurepip, venv' 2>/dev/null ||
			wanted+=("$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
	fi
	if [[ -n "$(BROWSER)" ]] && ! command -v $(BROWSERS) >/dev/null; then
		if grep -qsx ID=ubuntu /etc/os-release; then
			say "Ubuntu 的 Chromium 是 snap 包；也可先装 Google Chrome / on Ubuntu Chromium is a snap; Google Chrome will do as well"
			wanted+=(chromium-browser)
		else
			wanted+=(chromium-headless-shell)
		fi
	fi
	missing=()
	for package in "$${wanted[@]}"; do
		[[ $$(dpkg-query --show --showformat '$${db:Status-Status}' "$$package" 2>/dev/null) == installed* ]] || missing+=("$$package")
	done
	(($${#missing[@]})) || exit 0
	command -v apt-get >/dev/null ||
		stop "需要 Debian 或 Ubuntu / Debian or Ubuntu is needed (no apt-get here) for: $${missing[*]}"
	become_root ||
		stop "缺少系统软件包 / missing system packages: $${missing[*]} — run: sudo apt-get install -y $${missing[*]}"
	say "安装系统软件包，需几分钟 / installing system packages, takes minutes: $${missing[*]}"
	mkdir -p .cache
	install=(apt_get install --no-install-recommends "$${missing[@]}")
	{ "$${install[@]}" || { apt_get update && "$${install[@]}"; }; } >.cache/apt.log 2>&1 || {
		tail -n 5 .cache/apt.log
		stop "安装失败，详见 .cache/apt.log / could not install: $${missing[*]} — see .cache/apt.log"
	}

$(INSTALLED): requirements.lock | system
	$(value functions)
	say "安装 Python 依赖 / installing Python packages"
	[[ -x .venv/bin/pip ]] || { python=$$(find_python); "$$python" -m venv --clear .venv; }
	.venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

$(FONT): | system
	$(value functions)
	say "下载仿宋字体，下载 49 MB、保留 7 MB / fetching the FandolFang font, 49 MB of which 7 MB are kept"
	folder=$$(mktemp -d)
	trap 'rm -rf "$$folder"' EXIT
	mkdir -p $(@D)
	download() { (cd "$$folder" && apt-get -q -o Acquire::Retries=3 -o APT::Sandbox::User=root download texlive-lang-chinese); }
	{ download || { become_root && apt_get update && download; }; } >.cache/apt.log 2>&1 ||
		stop "仿宋字体下载失败，请先运行 / could not download the font package texlive-lang-chinese — run: sudo apt-get update"
	dpkg-deb --fsys-tarfile "$$folder"/*.deb | tar --extract --to-stdout --wildcards '*/FandolFang-Regular.otf' >$@.part
	mv $@.part $@

translations/%.mo: translations/%.po | $(INSTALLED)
	.venv/bin/pybabel -q compile --input-file $< --output-file $@ --locale $(word 2,$(subst /, ,$@))

$(READINGS): app/kernel/readings.py $(INSTALLED)
	mkdir -p $(@D)
	.venv/bin/python -m app.kernel.readings >$@.part
	mv $@.part $@

$(SECRET): | $(INSTALLED)
	.venv/bin/python -m config
