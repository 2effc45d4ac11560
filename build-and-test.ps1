<#
.SYNOPSIS
    Lo que hace el Makefile, en Windows (PowerShell 5.1 o posterior).
.EXAMPLE
    .\build-and-test.ps1 -Task demo
.EXAMPLE
    .\build-and-test.ps1 -Task run -- --env-file staging.env
.EXAMPLE
    .\build-and-test.ps1 -Task run -- --check

    Prueba las claves y la configuracion. "-Task check" es otra cosa: revisa el codigo (ruff, mypy), como "make check".
.EXAMPLE
    .\build-and-test.ps1 -Task measure
.EXAMPLE
    .\build-and-test.ps1 -Task test -Python C:\Python312\python.exe
#>
[CmdletBinding()]
param(
    [ValidateSet('demo', 'test', 'accept', 'run', 'check', 'measure', 'memory', 'three', 'acks')]
    [string] $Task = 'test',

    # El Python con el que se crea el entorno: un programa, o el lanzador con su opcion ("py -3.12").
    [string] $Python = '',

    # Lo que siga se pasa al programa que se ejecute.
    [Parameter(ValueFromRemainingArguments = $true)]
    [string[]] $Rest = @()
)

$ErrorActionPreference = 'Stop'
Set-Location -Path $PSScriptRoot

$env:PYTHONUTF8 = '1'

$Rest = @($Rest | Where-Object { $_ -ne '--' })
$VenvPython = Join-Path $PSScriptRoot '.venv\Scripts\python.exe'
$Extras = @{ demo = '[standins]'; run = ''; check = '[dev]' }[$Task]
if ($null -eq $Extras) { $Extras = '[test]' }

function Invoke-Checked {
    # Ejecuta un programa y termina con su codigo de salida si falla.
    param([string] $Program, [string[]] $Arguments)
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

function Find-Python {
    if ($Python -and (Test-Path $Python)) { return $Python }
    if ($Python) { return $Python -split ' ' }
    foreach ($candidate in 'py -3', 'python', 'python3') {
        $words = $candidate -split ' '
        if (Get-Command $words[0] -ErrorAction SilentlyContinue) { return $words }
    }
    Write-Host 'No se encuentra Python. Se puede instalar desde https://www.python.org/downloads/ (3.11 o posterior).'
    exit 1
}

function New-Environment {
    if (Test-Path $VenvPython) { return }
    $words = @(Find-Python)
    $options = @($words | Select-Object -Skip 1)
    & $words[0] @options -c 'import sys; sys.exit(sys.version_info < (3, 11))'
    if ($LASTEXITCODE -ne 0) {
        Write-Host "Hace falta Python 3.11 o posterior; por ejemplo: .\build-and-test.ps1 -Task $Task -Python 'py -3.12'"
        exit 1
    }
    Invoke-Checked $words[0] ($options + @('-m', 'venv', '.venv'))
}

function Install-Package {
    # Un sello por tarea: si setup.cfg y pyproject.toml no han cambiado, no hay nada que instalar.
    $stamp = Join-Path $PSScriptRoot ".venv\.has-$Task"
    $newest = (Get-Item 'setup.cfg', 'pyproject.toml' | Sort-Object LastWriteTimeUtc | Select-Object -Last 1).LastWriteTimeUtc
    if ((Test-Path $stamp) -and (Get-Item $stamp).LastWriteTimeUtc -ge $newest) { return }
    Invoke-Checked $VenvPython @('-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--editable', ".$Extras")
    New-Item -ItemType File -Path $stamp -Force | Out-Null
}

New-Environment
Install-Package

switch ($Task) {
    'demo' { Invoke-Checked $VenvPython (@('-m', 'telnyx_actors.demo') + $Rest) }
    'run' { Invoke-Checked $VenvPython (@('run.py') + $Rest) }
    'test' { Invoke-Checked $VenvPython (@('-m', 'pytest', '-n', '4', '--dist', 'loadfile', '--no-loadscope-reorder') + $Rest) }
    'accept' { Invoke-Checked $VenvPython (@('-m', 'pytest', '-n', '4', '--dist', 'loadfile', '--no-loadscope-reorder', 'tests/acceptance') + $Rest) }
    'check' {
        Invoke-Checked $VenvPython @('-m', 'ruff', 'check', '.')
        Invoke-Checked $VenvPython @('-m', 'ruff', 'format', '--check', '.')
        Invoke-Checked $VenvPython @('-m', 'mypy')
        Invoke-Checked $VenvPython @('-m', 'pytest', '-q', 'tests/test_tidy.py')
    }
    default { Invoke-Checked $VenvPython (@('-m', 'measure', $Task) + $Rest) }
}
