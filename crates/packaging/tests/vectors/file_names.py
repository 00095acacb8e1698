"""Prints file_names.txt: what Python's `packaging` library says about file names of distributions.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install packaging==26.3
    /tmp/venv/bin/python file_names.py > file_names.txt

Each line: file name, tab, project, tab, version; `-` for both where the library refuses the name.
"""

import itertools

from packaging.utils import parse_sdist_filename, parse_wheel_filename

# As public indexes have them: names of every decade, odd ones on purpose.
REAL = """
requests-2.32.3-py3-none-any.whl requests-2.32.3.tar.gz requests-0.2.0.tar.gz
numpy-2.1.3-cp313-cp313t-manylinux_2_17_x86_64.manylinux2014_x86_64.whl numpy-1.6.1.zip numpy-1.9.0rc1.tar.gz
numpy-1.26.4-pp39-pypy39_pp73-win_amd64.whl numpy-2.1.3-cp310-cp310-macosx_10_9_x86_64.whl
numpy-1.11.0-cp27-none-macosx_10_6_intel.macosx_10_9_intel.macosx_10_9_x86_64.macosx_10_10_intel.macosx_10_10_x86_64.whl
cryptography-43.0.3-cp39-abi3-musllinux_1_2_aarch64.whl cryptography-43.0.3-cp37-abi3-manylinux_2_28_x86_64.whl
PyYAML-6.0.2-cp312-cp312-macosx_11_0_arm64.whl pyyaml-6.0.2.tar.gz PyYAML-3.01.zip
zope.interface-7.1.1-cp313-cp313-win_amd64.whl zope.interface-3.3.0b1.tar.gz zope_interface-7.1.1.tar.gz
backports.ssl_match_hostname-3.7.0.1.tar.gz backports.functools_lru_cache-2.0.0-py2.py3-none-any.whl
ruamel.yaml-0.18.6-py3-none-any.whl ruamel.yaml.clib-0.2.12-cp39-cp39-manylinux_2_17_i686.manylinux2014_i686.whl
pytz-2024.2-py2.py3-none-any.whl pytz-2004b.tar.gz pytz-2013b-py2.5.egg pytz-2005m.tar.gz
setuptools-75.3.0-py3-none-any.whl setuptools-0.6c11.tar.gz setuptools-0.6c11-1.src.rpm setuptools-0.6b1-py2.3.egg
pip-24.3.1-py3-none-any.whl pip-0.2.tar.gz wheel-0.44.0-py3-none-any.whl wheel-0.1.tar.gz
Django-5.1.2-py3-none-any.whl Django-1.0.1.tar.gz django-5.2a1.tar.gz Django-1.8c1-py2.py3-none-any.whl
Flask-3.0.3.tar.gz flask-3.1.0-py3-none-any.whl Flask-SQLAlchemy-0.16.tar.gz flask_sqlalchemy-3.1.1-py3-none-any.whl
python-dateutil-2.9.0.post0.tar.gz python_dateutil-2.9.0.post0-py2.py3-none-any.whl python-dateutil-1.5.zip
types_python_dateutil-2.9.0.20241003-py3-none-any.whl types-requests-2.32.0.20241016.tar.gz
torch-2.5.1-cp312-cp312-manylinux1_x86_64.whl torch-2.5.1+cpu-cp312-cp312-linux_x86_64.whl torch-0.1.2.post1.tar.gz
torch-2.5.1+cu124-cp39-cp39-win_amd64.whl torchvision-0.20.1+cpu.cxx11.abi-cp312-cp312-linux_x86_64.whl
tensorflow-2.18.0-cp312-cp312-macosx_12_0_arm64.whl tensorflow_gpu-1.15.0-cp37-cp37m-manylinux2010_x86_64.whl
scipy-1.14.1-cp310-cp310-musllinux_1_2_x86_64.whl scikit-learn-0.9.tar.gz scikit_learn-1.5.2-cp39-cp39-win_amd64.whl
lxml-5.3.0-pp310-pypy310_pp73-manylinux_2_28_x86_64.whl lxml-1.3.2-py2.4-win32.egg lxml-3.4.4.win32-py2.7.exe
Pillow-10.4.0-cp311-cp311-macosx_10_10_x86_64.whl pillow-11.0.0-cp313-cp313t-win_arm64.whl Pillow-2.0.0.zip
psycopg2-2.9.10-cp313-cp313-win_amd64.whl psycopg2-2.0.8.tar.gz psycopg2_binary-2.9.10-cp38-cp38-manylinux_2_17_aarch64.manylinux2014_aarch64.whl
mysqlclient-2.2.5.tar.gz MySQL-python-1.2.5.zip mysql-connector-python-2.0.4.zip MySQL_python-1.2.3.win-amd64-py2.7.exe
SQLAlchemy-2.0.36-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl SQLAlchemy-0.1.0.tar.gz sqlalchemy-2.1.0b1.tar.gz
azure_storage_blob-12.23.1-py3-none-any.whl azure-storage-blob-12.23.1.tar.gz azure-mgmt-core-1.4.0.zip azure-cli-2.0.0.tar.gz
google_cloud_storage-2.18.2-py2.py3-none-any.whl google-api-core-2.21.0.tar.gz google_auth-2.35.0.tar.gz
boto3-1.35.54-py3-none-any.whl botocore-1.35.54.tar.gz aiobotocore-2.15.2.tar.gz s3fs-2024.10.0.tar.gz
oslo.concurrency-6.1.0-py3-none-any.whl oslo.config-1.2.0a3.tar.gz keystone-26.0.0.0rc1.tar.gz nova-30.0.0.tar.gz
jaraco.classes-3.4.0.tar.gz jaraco.text-4.0.0-py3-none-any.whl importlib_metadata-8.5.0-py3-none-any.whl
ipython-8.29.0-py3-none-any.whl ipython-0.6.15.tar.gz ipython-0.10.2-py2.6.egg jupyter_core-5.7.2.tar.gz
black-24.10.0-py3-none-any.whl black-18.3a0.tar.gz ruff-0.7.2-py3-none-linux_armv6l.whl ruff-0.7.2-py3-none-win_arm64.whl
uv-0.5.0-py3-none-manylinux_2_17_ppc64le.manylinux2014_ppc64le.whl uv-0.5.0-py3-none-musllinux_1_1_armv7l.whl
pydantic_core-2.27.0-cp313-cp313-manylinux_2_5_i686.manylinux1_i686.whl pydantic-2.10.0b2-py3-none-any.whl
orjson-3.10.11-cp313-cp313-macosx_10_15_x86_64.macosx_11_0_arm64.macosx_10_15_universal2.whl
grpcio-1.67.1-cp312-cp312-macosx_10_9_universal2.whl grpcio_tools-1.67.1-cp38-cp38-linux_armv7l.whl
cffi-1.17.1-cp39-cp39-manylinux_2_12_i686.manylinux2010_i686.manylinux_2_17_i686.manylinux2014_i686.whl
MarkupSafe-3.0.2-cp313-cp313t-musllinux_1_2_x86_64.whl markupsafe-3.0.2.tar.gz MarkupSafe-0.9.2.tar.gz
Jinja2-3.1.4.tar.gz jinja2-3.1.4-py3-none-any.whl Jinja2-2.0rc1.tar.gz Werkzeug-0.16.1.tar.gz werkzeug-3.1.1-py3-none-any.whl
docutils-0.21.2.tar.gz docutils-0.3.9.tar.gz Sphinx-0.1.61611.tar.gz sphinx-8.1.3-py3-none-any.whl
Twisted-8.2.0.tar.bz2 twisted-24.10.0-py3-none-any.whl Twisted-1.2.0.tar.gz pyOpenSSL-0.6.tar.gz pycrypto-2.6.1.tar.gz
pywin32-308-cp313-cp313-win_arm64.whl pywin32-223-cp27-cp27m-win32.whl pypiwin32-219-cp27-none-win32.whl
PyQt5-5.15.11-cp38-abi3-manylinux_2_17_x86_64.whl PyQt5-5.6-cp35-none-win32.whl PyQt5_sip-12.15.0-cp313-cp313-win32.whl
PySide2-5.15.2-5.15.2-cp35.cp36.cp37.cp38.cp39-abi3-manylinux1_x86_64.whl PySide6-6.8.0.2-cp39-abi3-win_amd64.whl
opencv_python-4.10.0.84-cp37-abi3-macosx_12_0_x86_64.whl opencv-python-4.10.0.84.tar.gz opencv_python-3.1.0.3-cp27-cp27mu-manylinux1_x86_64.whl
jpype1-1.5.0-cp312-cp312-win_amd64.whl JPype1-0.5.4.2.zip pyobjc_core-10.3.1-cp313-cp313-macosx_10_13_universal2.whl
pandas-2.2.3-cp313-cp313t-manylinux_2_17_aarch64.manylinux2014_aarch64.whl pandas-0.1.tar.gz pandas-0.25.0rc0.tar.gz
matplotlib-3.9.2.tar.gz matplotlib-0.86.2.tar.gz matplotlib-1.4.3-cp27-none-macosx_10_6_intel.macosx_10_9_intel.macosx_10_9_x86_64.whl
cmake-3.30.5-py3-none-manylinux_2_17_s390x.manylinux2014_s390x.whl ninja-1.11.1.1-py2.py3-none-manylinux1_i686.manylinux_2_5_i686.whl
awscli-1.35.20-py3-none-any.whl certifi-2024.8.30.tar.gz certifi-14.05.14.tar.gz charset_normalizer-3.4.0-cp37-cp37m-win32.whl
attrs-24.2.0-py3-none-any.whl attrs-15.0.0.tar.gz idna-3.10.tar.gz six-0.9.0.tar.gz six-1.16.0-py2.py3-none-any.whl
pyzmq-26.2.0-pp37-pypy37_pp73-manylinux_2_12_x86_64.manylinux2010_x86_64.whl pyzmq-2.0.10.1.tar.gz pyzmq-13.0.0-py2.7-win32.egg
3to2-1.1.1.zip 4Suite-XML-1.0.2.tar.gz 0-0.0.0-py2.py3-none-any.whl 2to3-1.0.tar.gz 1-1.0.tar.gz
AWSIoTPythonSDK-1.5.4.tar.gz BeautifulSoup-3.2.2.tar.gz beautifulsoup4-4.12.3-py3-none-any.whl bs4-0.0.2.tar.gz
Products.CMFPlone-4.0a2.zip Products.CMFPlone-6.0.13-py3-none-any.whl plone.app.contenttypes-1.0rc1.zip collective.z3cform.datagridfield-0.6-py2.4.egg
z3c.form-5.1.tar.gz Zope2-2.12.0a1.tar.gz ZODB3-3.10.7.tar.gz ZODB-6.0-py3-none-any.whl Paste-1.7.5.1.tar.gz
yt-dlp-2024.10.22.tar.gz yt_dlp-2024.10.22.51512.dev0-py3-none-any.whl youtube_dl-2021.12.17-py2.py3-none-any.whl
tf_nightly-2.19.0.dev20241105-cp312-cp312-win_amd64.whl tb-nightly-2.19.0a20241105.tar.gz jax-0.4.35.tar.gz jaxlib-0.4.34-cp313-cp313-macosx_11_0_arm64.whl
nvidia_cublas_cu12-12.6.3.3-py3-none-manylinux2014_x86_64.whl nvidia-pyindex-1.0.9.tar.gz triton-3.1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
django-cms-2.0.0-final.tar.gz satchmo-0.8.1-tip.tar.gz pyxmpp-1.0.1.tar.gz egenix-mx-base-3.2.9.zip pychess-0.10.1.tar.gz
python-ldap-2.3.10.tar.gz python-openid-2.2.5.zip python3-openid-3.2.0.tar.gz python-gitlab-1.0.0.zip PyGreSQL-4.0-r1.tar.gz
foolscap-0.6.4-1.tar.gz mercurial-6.8.2.tar.gz bzr-2.7.0.tar.gz dulwich-0.22.4-cp313-cp313-win32.whl hg-git-0.1.0.tar.gz
M2Crypto-0.21.1.tar.gz M2Crypto-0.21.1-py2.7-win32.egg pysqlite-2.8.3.tar.gz pyproj-3.7.0-cp313-cp313-macosx_13_0_x86_64.whl
ansible-10.6.0-py3-none-any.whl ansible-1.0.tar.gz ansible_core-2.18.0rc2-py3-none-any.whl salt-3007.1.tar.gz salt-0.9.2.tar.gz
coverage-7.6.4-pp39.pp310-none-any.whl coverage-2.2.tar.gz pytest-8.3.3-py3-none-any.whl pytest-cov-0.1.tar.gz pytest_xdist-3.6.1.tar.gz
meson_python-0.17.1.tar.gz scikit_build_core-0.10.7.tar.gz hatchling-1.26.3-py3-none-any.whl flit_core-3.10.0.tar.gz maturin-1.7.4-py3-none-linux_armv6l.whl
""".split()

NAMES = ["foo", "Foo.Bar", "foo_bar", "foo-bar", "foo2", "2foo", "a", "foo.-bar", "foo__bar", "-foo", "foo-", "_foo", "foo.", "foo+bar", "x-1"]
VERSIONS = """
1 1.0 1.0.0 0 2024.11.05 1.0a1 1.0.alpha.1 1.0b2 1.0rc1 1.0c1 1.0.pre 1.0.dev0 1.0dev 1.0.post1 1.0.rev2 1.0post 1.0.post1.dev2 1!2.0 1.0+local
1.0+ubuntu.1 1.0+ubuntu_1 1.0+a.B.07 v1.0 V1.0 1.0-1 1.0-rc1 1.0_rc1 1.0-post2 1.0_post2 1.0_1 1.0.x 1.0+ 1..0 .1 1. unknown 0.0.0.0.0.0 01.02 1.0A1 1.0.RC.1
1.0preview3 1.0-r4 1.0+abc-def 1.0.* 1!!2 !1 1.0.post 1.0.dev 4294967296 1.4294967296 9223372036854775807.1 1.0a 1.0a4294967296 1.0.post99999 1.0.dev20241105123456
""".split()

TAGS = """
py3-none-any py2.py3-none-any cp313-cp313t-win_amd64 cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64 1-py3-none-any 1a-py3-none-any
0.2.1-py3-none-any a1-py3-none-any py3-none -py3-none-any py3--any py3-none- py2..py3-none-any .py3-none-any py3-none-any.
py3-none-any-more-parts 1-2-py3-none-any 12_3-py3-none-any graalpy311-graalpy241_311_native-linux_x86_64 ip27-none-any py3-none-any.exe
""".split()

ODD = """
foo.whl .whl -.whl foo-.whl .tar.gz -.tar.gz foo.tar.gz foo-1.0 foo-1.0.tar foo-1.0.tar.gz.asc foo-1.0.TAR.GZ foo-1.0.Zip foo-1.0-py3-none-any.WHL
foo-1.0-py3-none-any.whl.metadata foo-1.0.exe foo-1.0.msi foo-1.0.deb foo-1.0.dmg foo-1.0-1.noarch.rpm foo-1.0-py2.7.egg foo_1.0.tar.gz foo1.0.tar.gz
1.0.tar.gz -1.0.tar.gz foo-1.0.tar.gz.zip foo-1.0.zip.tar.gz
""".split()


def answer(name):
    parse = parse_wheel_filename if name.endswith(".whl") else parse_sdist_filename
    try:
        project, version = parse(name)[:2]
    except ValueError:
        return "-", "-"
    return project, str(version)


def names():
    yield from REAL
    yield from (f"{name}-1.0-py3-none-any.whl" for name in NAMES)
    yield from (f"{name}-1.0.tar.gz" for name in NAMES)
    yield from (f"{name}-{version}{end}" for name, version, end in itertools.product(["foo"], VERSIONS, ["-py3-none-any.whl", ".zip"]))
    yield from (f"foo-1.0-{tags}.whl" for tags in TAGS)
    yield from ODD


for file_name in dict.fromkeys(names()):
    print(file_name, *answer(file_name), sep="\t")
