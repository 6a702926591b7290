"""Deploys lambda/template.yaml to the emulator, as `sam deploy` deploys it to AWS.

    deploy.py ENDPOINT STACK ZIP_FOLDER [PARAMETER=VALUE...]

Prints a JSON object: the outputs of the stack, and under "resources" the physical id of each resource.
"""
import json
import pathlib
import platform
import sys

import boto3
from samtranslator.yaml_helper import yaml_parse

endpoint, stack, zips = sys.argv[1:4]
parameters = {
    "Architecture": {"x86_64": "x86_64"}.get(platform.machine(), "arm64"),
    "MailDomain": "example.com",
    **dict(argument.split("=", 1) for argument in sys.argv[4:]),
}
aws = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
s3, cloudformation = (aws.client(service, endpoint_url=endpoint) for service in ("s3", "cloudformation"))


def adapt(value):
    """Replaces the parts of the template that the emulator does not support.

    This changes the deployment to the emulator only. AWS gets the template unchanged.
    """
    if isinstance(value, list):
        return [adapt(item) for item in value if not denies_plain_http(item)]
    if not isinstance(value, dict):
        return value
    if value.get("Action") == ["ses:SendEmail", "ses:SendRawEmail"]:
        # The emulator supports neither identities as resources nor the condition on the sender.
        return {"Effect": "Allow", "Action": value["Action"], "Resource": "*"}
    if value.get("Action") == "scheduler:CreateSchedule":
        # The emulator checks the permission on a schedule in the group `default`, regardless of its group.
        return {**value, "Resource": json.loads(json.dumps(value["Resource"]).replace("${Schedules}", "default"))}
    if value.get("Action") == "events:PutEvents":
        # The emulator does not support the condition on the source of the entries.
        return {key: part for key, part in value.items() if key != "Condition"}
    if value.get("source") == ["aws.ses"]:
        # As on AWS, clients can't publish with the source aws.ses. Tests publish with test.ses instead.
        return {**value, "source": ["aws.ses", "test.ses"]}
    if "Pattern" in value:
        # The emulator does not match `exists: false` if the whole old image is absent. The function itself
        # compares the images as well.
        pattern = json.loads(value["Pattern"])
        pattern["dynamodb"].pop("OldImage", None)
        return {"Pattern": json.dumps(pattern)}
    if "MaximumConcurrency" in value:
        # The emulator does not convert the parameter to a number.
        return {"MaximumConcurrency": 10}
    # The emulator has no CodeDeploy.
    return {key: adapt(part) for key, part in value.items() if key != "DeploymentPreference"}


def denies_plain_http(statement):
    """Returns whether a statement denies plain HTTP. The emulator does not support TLS."""
    return isinstance(statement, dict) and statement.get("Sid") == "DenyInsecureTransport"


bucket = f"{stack}-packages"
s3.create_bucket(Bucket=bucket)
text = (pathlib.Path(__file__).parents[2] / "lambda/template.yaml").read_text()
template = adapt(yaml_parse(text))
for resource in template["Resources"].values():
    if uri := resource.get("Properties", {}).get("CodeUri"):
        package = pathlib.Path(zips) / pathlib.Path(uri).name
        s3.upload_file(str(package), bucket, package.name)
        resource["Properties"]["CodeUri"] = f"s3://{bucket}/{package.name}"
# Removes policies that contained no statement but the one about TLS, and alarms on metric math, which the
# emulator does not support.
template["Resources"] = {
    name: resource
    for name, resource in template["Resources"].items()
    for properties in [resource.get("Properties", {})]
    if properties.get("PolicyDocument", {}).get("Statement", True)
    and not (resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties)
}
# The emulator does not support DKIM.
del template["Outputs"]["DkimRecords"]
s3.put_object(Bucket=bucket, Key="template.json", Body=json.dumps(template))
cloudformation.create_stack(
    StackName=stack,
    TemplateURL=f"{endpoint}/{bucket}/template.json",
    Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
)
try:
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
except Exception:
    for event in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
        if event["ResourceStatus"].endswith("FAILED"):
            print(event["LogicalResourceId"], event.get("ResourceStatusReason"), file=sys.stderr)
    raise
outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
print(json.dumps({
    **{output["OutputKey"]: output["OutputValue"] for output in outputs},
    "resources": {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources},
}, indent=1))
