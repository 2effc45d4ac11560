<#
.SYNOPSIS
    Instala el motor como servicio de Windows, con NSSM (https://nssm.cc). Como administrador.
.DESCRIPTION
    `sc create` no basta: un servicio tiene que hablar con el gestor de servicios, y un programa de consola no lo hace.
    NSSM lo hace por el, y al detenerlo le manda Ctrl+C, con lo que el motor espera a las llamadas en curso.
.EXAMPLE
    .\deploy\install-windows-service.ps1 -Nssm C:\nssm\nssm.exe
#>
[CmdletBinding()]
param(
    [string] $Nssm = 'nssm.exe',
    [string] $Name = 'TelnyxActors',
    [string] $EnvFile = '.env',

    # Mas que DRAIN_SECONDS (60 s) y lo que cuesta colgar el resto.
    [int] $StopWithinMs = 100000
)

$ErrorActionPreference = 'Stop'
$Root = Split-Path -Parent $PSScriptRoot
$Python = Join-Path $Root '.venv\Scripts\python.exe'
$Logs = Join-Path $Root 'var\log'

if (-not (Test-Path $Python)) { throw "Falta $Python. Primero: .\build-and-test.ps1 -Task run -- --check" }
if (-not (Test-Path (Join-Path $Root $EnvFile))) { throw "Falta $EnvFile en $Root" }
New-Item -ItemType Directory -Force -Path $Logs | Out-Null

function Invoke-Nssm {
    & $Nssm @args
    if ($LASTEXITCODE -ne 0) { throw "nssm $args devolvio $LASTEXITCODE" }
}

Invoke-Nssm install $Name $Python run.py --env-file $EnvFile
Invoke-Nssm set $Name AppDirectory $Root
Invoke-Nssm set $Name AppEnvironmentExtra PYTHONUTF8=1
Invoke-Nssm set $Name Start SERVICE_AUTO_START
Invoke-Nssm set $Name AppStopMethodConsole $StopWithinMs
Invoke-Nssm set $Name AppStderr (Join-Path $Logs 'service.log')
Invoke-Nssm set $Name AppRotateFiles 1
Invoke-Nssm set $Name AppRotateOnline 1
Invoke-Nssm set $Name AppRotateBytes 52428800
# 2 es una configuracion que no sirve: no se arregla volviendo a arrancar. 0 es una parada pedida.
Invoke-Nssm set $Name AppExit Default Restart
Invoke-Nssm set $Name AppExit 0 Exit
Invoke-Nssm set $Name AppExit 2 Exit
Invoke-Nssm start $Name
